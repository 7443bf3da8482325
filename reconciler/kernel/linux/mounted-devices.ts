import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { rows } from "./proc-tables.js";
import { asKernelError } from "./sysfs.js";

/** What a node has mounted from, and swaps to. */
export interface MountedDevices {
  readonly mounts: readonly Mount[];
  /** Names of devices, `sda2` or, of the device mapper, `vg0-swap`. Files are in a file system that is mounted. */
  readonly swaps: readonly string[];
  /** Whether a ZFS is mounted, whichever disks it is on. */
  readonly zfs: boolean;
}

export interface Mount {
  /** Major and minor number, as `259:2`. Major number 0 is no disk's. */
  readonly device: string;
  /** Names of devices, of a file system that is on several and so has no number of one: btrfs, bcachefs. */
  readonly members: readonly string[];
  readonly mountPoint: string;
}

/**
 * As the node's first process sees it: an agent in a container has mounts of its own.
 *
 * @throws {KernelError} There is no such table, or it can't be read.
 */
export async function readMountedDevices(procRoot: string): Promise<MountedDevices> {
  const [mountinfo, swaps] = await Promise.all([readTable(`${procRoot}/1/mountinfo`), readSwaps(`${procRoot}/swaps`)]);
  const mounts = rows(mountinfo);
  return {
    mounts: mounts.map(mountOf),
    swaps: swapsOf(swaps),
    zfs: mounts.some((row) => fileSystem(row)[0] === "zfs"),
  };
}

async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw asKernelError(error, path);
  }
}

/** A kernel without swap has no table of it. */
async function readSwaps(path: string): Promise<string> {
  try {
    return await readTable(path);
  } catch (error) {
    if (asKernelError(error, path).code === "ENOENT") return "";
    throw error;
  }
}

/** A row of `mountinfo`: ID, parent's ID, device, root, mount point, options, optional fields, `-`, type, source, … */
function mountOf(row: readonly string[]): Mount {
  const [, , device = "", , mountPoint = ""] = row;
  const [type = "", source = ""] = fileSystem(row);
  const members = SPANNING.has(type)
    ? unescaped(source)
        .split(":")
        .map((path) => basename(path))
    : [];
  return { device, members, mountPoint: unescaped(mountPoint) };
}

function fileSystem(row: readonly string[]): readonly string[] {
  return row.slice(row.indexOf("-", OPTIONAL_FIELDS) + 1);
}

const OPTIONAL_FIELDS = 6;
const SPANNING: ReadonlySet<string> = new Set(["btrfs", "bcachefs"]);

/** Rows of `swaps` after a header: file, type, … */
function swapsOf(table: string): string[] {
  return rows(table)
    .slice(1)
    .filter(([, type]) => type === "partition")
    .map(([file = ""]) => basename(unescaped(file)));
}

/** White space and backslashes are octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
