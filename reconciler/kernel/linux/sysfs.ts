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
export async function readAttribute(path: string): Promise<string> {
  const text = (await readSmallFile(path)).trim();
  return text === "(null)" ? "" : text;
}

/** As {@link readAttribute}; `undefined` where it is absent, empty, or not to be had (drivers answer EOPNOTSUPP, EINVAL). */
export async function readOptionalAttribute(path: string): Promise<string | undefined> {
  try {
    return (await readAttribute(path)) || undefined;
  } catch {
    return undefined;
  }
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
    const kernelError = asKernelError(error, path);
    if (ABSENT.has(kernelError.code)) return fallback;
    throw kernelError;
  };
}

// ENODEV is what an attribute answers whose file was opened before its device went.
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENODEV"]);

export function asKernelError(error: unknown, path: string, operation = "read"): KernelError {
  if (error instanceof KernelError) return error;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "EIO";
  return new KernelError(code, path, operation, { cause: error });
}

/** An attribute is at most a page. */
const ATTRIBUTE_SIZE = 4096;

/**
 * One open, one read, one close. `readFile` asks for the size first and reads until the end, which doubles the trips to
 * libuv's pool, and a scan makes thousands of them.
 */
function readSmallFile(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    fs.open(path, "r", (openError, file) => {
      if (openError) {
        reject(asKernelError(openError, path));
        return;
      }
      const content = Buffer.allocUnsafe(ATTRIBUTE_SIZE);
      fs.read(file, content, 0, ATTRIBUTE_SIZE, 0, (readError, size) => {
        fs.close(file, () => undefined);
        if (readError) reject(asKernelError(readError, path));
        else resolve(content.toString("utf8", 0, size));
      });
    });
  });
}
