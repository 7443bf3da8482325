/** This package's version, and the tag of the reconciler's image that belongs to it. As package.json has it. */
export const VERSION = "0.2.0";
