import { setTimeout as delay } from "node:timers/promises";
import { findByEnvironment, isAlive, type ProcessIdentity } from "./process-identity.js";
import { readRecord, removeRunDirectory, type RunRecord } from "./run-record.js";

/** Every process of a run has this in its environment, with the run's id as value. */
export const runVariable = "PULUMI_SRIOV_LAB_RUN";

/**
 * Ends a run of whatever owner: its processes in reverse order of their start, then anything that they started, then
 * its directory. Does nothing where the run is gone; several may end the same run at once.
 *
 * @param graceMs how long each process has between SIGTERM and SIGKILL.
 */
export async function endRun(id: string, graceMs = 5_000): Promise<void> {
  const record = readRecord(id);
  if (record === undefined) return;
  await endProcesses(record, graceMs);
  removeRunDirectory(id);
}

/** As `endRun`, without the directory. Resolves with how many processes had to be ended. */
export async function endProcesses(record: RunRecord, graceMs = 5_000): Promise<number> {
  let ended = 0;
  for (const process of [...record.processes].reverse()) {
    if (!isAlive(process)) continue;
    await end(process, graceMs);
    ended++;
  }
  return ended + (await endStrays(record.id));
}

/**
 * Kills a process together with its group, which is its own: every process of a run leads one.
 * Does nothing where it is gone.
 */
export function killGroup(leader: number): void {
  send(-leader, "SIGKILL");
}

/** Sends a signal; false where there is nobody to send it to. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    // macOS says EPERM, and not ESRCH, of a group whose members have all ended.
    if (error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM")) return false;
    throw error;
  }
}

async function end(process: ProcessIdentity, graceMs: number): Promise<void> {
  send(process.pid, "SIGTERM");
  if (!(await isGoneWithin(process, graceMs))) killGroup(process.pid);
  await isGoneWithin(process, 10_000);
}

/**
 * What the record doesn't know: children of the run's processes, and one that was started in the instant before its
 * owner was killed. Repeats, since what is being killed can still start more.
 */
async function endStrays(id: string): Promise<number> {
  let ended = 0;
  for (let round = 0; round < 5; round++) {
    const strays = findByEnvironment(runVariable, id);
    if (strays.length === 0) break;
    for (const stray of strays) send(stray.pid, "SIGKILL");
    await Promise.all(strays.map((stray) => isGoneWithin(stray, 10_000)));
    ended += strays.length;
  }
  return ended;
}

/** Looks again and again, because nothing tells of the end of a process that is not one's own child. */
async function isGoneWithin(process: ProcessIdentity, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (isAlive(process)) {
    if (Date.now() > deadline) return false;
    await delay(20);
  }
  return true;
}
