import Module from "node:module";

/**
 * Stryker's runner for Mocha, on Mocha 12: the runner asks for files of Mocha by name without ending, and since that version
 * their ending is `.cjs`, which `require` adds only where it is told to.
 */
Module._extensions[".cjs"] ??= Module._extensions[".js"];

export const { strykerPlugins, strykerValidationSchema } = await import("@stryker-mutator/mocha-runner");
