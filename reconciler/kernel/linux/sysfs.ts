import * as fs from "node:fs";
import { readdir, readlink } from "node:fs/promises";
import { basename } from "node:path";
import { KernelError } from "../kernel.js";

/**
 * Content of a sysfs attribute, without the newline that ends it. An attribute that has no value, for which the kernel
 * prints `(null)` or nothing, is the empty string.
 *
 * @throws {KernelError}
 */
export function readAttribute(path: string): Promise<string> {
  return readSmallFile(path).then(withoutPadding, (error: unknown) => {
    throw asKernelError(error, path);
  });
}

/** As {@link readAttribute}; `undefined` where there is no such attribute (any more). */
export function readAttributeIfPresent(path: string): Promise<string | undefined> {
  return readSmallFile(path).then(withoutPadding, ifAbsent(path, undefined));
}

/** As {@link readAttribute}; `undefined` where it is absent, empty, or not to be had (drivers answer EOPNOTSUPP, EINVAL). */
export function readOptionalAttribute(path: string): Promise<string | undefined> {
  return readSmallFile(path).then(
    (content) => withoutPadding(content) || undefined,
    () => undefined,
  );
}

/** Last part of a link's target, which is how sysfs names drivers, groups and masters; `undefined` without a link. */
export async function readLinkName(path: string): Promise<string | undefined> {
  return readlink(path).then((target) => basename(target), ifAbsent(path, undefined));
}

/** Names in a directory, in no particular order; empty where there is no such directory. */
export async function listDirectory(path: string): Promise<string[]> {
  return readdir(path).catch(ifAbsent(path, []));
}

/** For `catch`: what is gone reads as `fallback`; every other error stays one. */
export function ifAbsent<T>(path: string, fallback: T): (error: unknown) => T {
  return (error) => {
    if (ABSENT.has(errnoOf(error))) return fallback;
    throw asKernelError(error, path);
  };
}

// ENODEV is what an attribute answers whose file was opened before its device went.
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENODEV"]);

export function asKernelError(error: unknown, path: string): KernelError {
  return error instanceof KernelError ? error : new KernelError(errnoOf(error), path, "read", { cause: error });
}

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "EIO";
}

function withoutPadding(content: string): string {
  const text = content.trim();
  return text === "(null)" ? "" : text;
}

/** The longest that we read is the address of an InfiniBand interface: 60 characters. */
const LONGEST_ATTRIBUTE = 256;

/**
 * One open, one read, one close. `readFile` asks for the size first and reads until the end, which doubles the trips to
 * libuv's pool, and a scan makes thousands of them.
 */
function readSmallFile(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    fs.open(path, "r", (openError, file) => {
      if (openError) {
        reject(openError);
        return;
      }
      const content = Buffer.allocUnsafe(LONGEST_ATTRIBUTE);
      fs.read(file, content, 0, LONGEST_ATTRIBUTE, 0, (readError, size) => {
        fs.close(file, () => undefined);
        if (readError) reject(readError);
        else resolve(content.toString("latin1", 0, size));
      });
    });
  });
}
