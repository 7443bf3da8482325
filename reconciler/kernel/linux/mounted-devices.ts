import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { rows } from "./proc-tables.js";
import { asKernelError } from "./sysfs.js";

/** What a node has mounted from, and swaps to. */
export interface MountedDevices {
  readonly mounts: readonly Mount[];
  /** Names of devices, `sda2` or, of the device mapper, `vg0-swap`. Files are in a file system that is mounted. */
  readonly swaps: readonly string[];
}

export interface Mount {
  /** Major and minor number, as `259:2`; a major number of 0 stands for none: btrfs, tmpfs, overlay. */
  readonly device: string;
  /** Name of the device that it was mounted from, as {@link MountedDevices.swaps}; anything where there is none. */
  readonly source: string;
  readonly mountPoint: string;
}

/**
 * As the node's first process sees it: an agent in a container has mounts of its own.
 *
 * @throws {KernelError} There is no such table, or it can't be read.
 */
export async function readMountedDevices(procRoot: string): Promise<MountedDevices> {
  const [mounts, swaps] = await Promise.all([
    readTable(`${procRoot}/1/mountinfo`),
    // A kernel without swap has no table of it.
    readTable(`${procRoot}/swaps`).catch(() => ""),
  ]);
  return { mounts: mountsOf(mounts), swaps: swapsOf(swaps) };
}

async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw asKernelError(error, path);
  }
}

/** Rows of `mountinfo`: ID, parent's ID, device, root, mount point, options, optional fields, `-`, type, source, … */
export function mountsOf(mountinfo: string): Mount[] {
  return rows(mountinfo).flatMap((row) => {
    const [, , device = "", , mountPoint = ""] = row;
    const source = row[row.indexOf("-", 6) + 2] ?? "";
    return [{ device, source: basename(unescaped(source)), mountPoint: unescaped(mountPoint) }];
  });
}

/** Rows of `swaps` after a header: file, type, … */
export function swapsOf(table: string): string[] {
  return rows(table)
    .slice(1)
    .filter((row) => row[1] === "partition")
    .map(([file = ""]) => basename(unescaped(file)));
}

/** White space and backslashes are octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
