import { matching } from "./spec-fields.js";

/** Name of a pool of VFs, without prefix, as the operator has it: an endpoint of the device plugin. */
export const resourceName = matching(
  /^(?=.{1,63}$)[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?$/,
  "1 to 63 letters, digits, - or _ that begin and end with a letter or digit",
);
