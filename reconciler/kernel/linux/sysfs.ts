import { closeSync, existsSync, openSync, readdirSync, readlinkSync, readSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { KernelError } from "../kernel.js";

/*
 * Reading sysfs, synchronously. What stands behind an attribute is a number in the kernel's memory, and there are
 * thousands to read in a scan: 3 µs each this way, and 30 to 50 by way of libuv's pool of threads, where 8 NICs of 64 VFs
 * took 77 ms instead of 27. The price is that no attribute may be read here that waits for a driver: none whose reader
 * takes the device's lock (`sriov_numvfs`, `driver_override`, `uevent`) or asks the hardware (`speed`, `carrier`).
 */

/**
 * Content of a sysfs attribute, without the newline that ends it. An attribute that has no value, for which the kernel
 * prints `(null)` or nothing, is the empty string.
 *
 * @throws {KernelError}
 */
export function readAttribute(path: string): string {
  return attempt(path, () => withoutPadding(readSmallFile(path)));
}

/** As {@link readAttribute}; `undefined` where it is absent, empty, or not to be had (drivers answer EOPNOTSUPP, EINVAL). */
export function readOptionalAttribute(path: string): string | undefined {
  try {
    return withoutPadding(readSmallFile(path)) || undefined;
  } catch {
    return undefined;
  }
}

/** Last part of a link's target, which is how sysfs names drivers, groups and masters; `undefined` without a link. */
export function readLinkName(path: string): string | undefined {
  return unlessAbsent(path, () => basename(readlinkSync(path)));
}

/** Where a link leads in the end, which is how sysfs tells what is behind what; `undefined` where there is nothing. */
export function realPath(path: string): string | undefined {
  return unlessAbsent(path, () => realpathSync.native(path));
}

/** Names in a directory, in no particular order; `undefined` where there is no such directory. */
export function listDirectory(path: string): string[] | undefined {
  return unlessAbsent(path, () => readdirSync(path));
}

/** Cheaper than an attempt that fails. */
export function isThere(path: string): boolean {
  return existsSync(path);
}

/** What `read` gives; `undefined` where it finds something gone. @throws {KernelError} Every other failure. */
export function unlessAbsent<T>(path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const failure = asKernelError(error, path);
    if (ABSENT.has(failure.code)) return undefined;
    throw failure;
  }
}

// ENODEV is what an attribute answers whose file was opened before its device went; EINVAL an interface that is going.
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENODEV", "EINVAL"]);

export function asKernelError(error: unknown, path: string): KernelError {
  return error instanceof KernelError ? error : new KernelError(errnoOf(error), path, "read", { cause: error });
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asKernelError(error, path);
  }
}

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "EIO";
}

export function withoutPadding(content: string): string {
  const text = content.trim();
  return text === "(null)" ? "" : text;
}

/** The longest that we read is the address of an InfiniBand interface: 60 characters. */
const content = Buffer.allocUnsafe(256);

/** One open, one read, one close: `readFileSync` costs twice as much, since it asks for the size and reads to the end. */
function readSmallFile(path: string): string {
  const file = openSync(path, "r");
  try {
    return content.toString("latin1", 0, readSync(file, content, 0, content.length, 0));
  } finally {
    closeSync(file);
  }
}
