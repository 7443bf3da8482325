import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface DynamicProgram {
  readonly executable: string;
  /** Folders with its libraries, where it was not installed but unpacked. */
  readonly libraries?: readonly string[];
}

/** In which the dynamic linker finds its libraries. */
export function environmentOf({ libraries }: DynamicProgram): NodeJS.ProcessEnv {
  return libraries === undefined ? process.env : { ...process.env, LD_LIBRARY_PATH: libraries.join(delimiter) };
}

/** Where the libraries of Debian packages are that were unpacked into a folder. */
export function libraryFolders(unpacked: string): string[] {
  return ["usr/lib", "lib"].map((folder) => join(unpacked, folder, MULTIARCH));
}

/** The name by which Debian tells processors apart. */
export const MULTIARCH = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

/** The path of a command on PATH. */
export function onPath(command: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, command)).find(isReadable);
}

export function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
