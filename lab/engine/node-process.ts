import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

export type NodeProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Runs a script of the program's own `@pulumi/pulumi` with this process's Node. The child is in a session of its own, so
 * that ^C reaches only the engine, and ends by itself when the engine is gone (see orphan-guard.ts).
 */
export function runSdkScript(
  script: string,
  folder: string,
  args: string[],
  env: Record<string, string>,
  nodeArgs: string[] = [],
): NodeProcess {
  const file = createRequire(join(folder, "index.js")).resolve(`@pulumi/pulumi/${script}`);
  const guard = join(__dirname, "orphan-guard.js");
  return spawn(process.execPath, [...nodeArgs, "-r", guard, file, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
}

/** Kills the process and whatever it started. Resolves when its output has been read to the end. */
export async function kill(child: NodeProcess): Promise<void> {
  if (child.pid === undefined || child.stdout.closed) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
  await closed;
}
