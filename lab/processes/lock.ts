import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { identify, isAlive, type ProcessIdentity } from "./process-identity.js";

/**
 * Does work that one process of this user at a time should do. The lock is a file that names its holder; that of a dead
 * holder doesn't count. It saves doing things twice and is no guard of correctness: two that find a dead holder's lock
 * at the same instant may both get it.
 *
 * @param onWait called once, with the holder's pid, if somebody else has the lock.
 */
export async function withLock<T>(file: string, onWait: (holder: number) => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let told = false;
  while (!acquire(file)) {
    const holder = readHolder(file);
    if (holder !== undefined && !isAlive(holder)) rmSync(file, { force: true });
    else {
      if (holder && !told) onWait(holder.pid);
      told ||= holder !== undefined;
      await delay(200);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** By a link, so that the file never exists without its holder's name in it. */
function acquire(file: string): boolean {
  const own = `${file}.${randomBytes(4).toString("hex")}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as ProcessIdentity;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
