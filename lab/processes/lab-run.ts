import { randomBytes } from "node:crypto";
import { endProcesses } from "./end-run.js";
import type { LabProcess, SpawnOptions } from "./lab-process.js";
import { OwnedRun } from "./owned-run.js";
import { identify, isAlive } from "./process-identity.js";
import { readAllRecords, removeRunDirectory, removeRemnants, runDirectory } from "./run-record.js";

export { endRun } from "./end-run.js";
export { describeExit, describeLog, type Exit, type LabProcess, type SpawnOptions } from "./lab-process.js";

/** Everything that one use of the lab starts and writes, so that it can be ended as a whole. */
export interface LabRun {
  readonly id: string;
  /** Everything that this run has on disk (mode 0700); removed by `stop`. */
  readonly dir: string;
  /** Aborted as soon as the run begins to stop; what fails afterwards fails because of that. */
  readonly signal: AbortSignal;
  /**
   * Starts a process of the run. Its output is appended to `<dir>/logs/<name>.log`. Its whole process group ends with it.
   *
   * @throws Error where the command cannot be run, or the run is stopping.
   */
  spawn(name: string, command: string, args: readonly string[], options?: SpawnOptions): LabProcess;
  /**
   * For the environment of processes that are started by other means than `spawn`, such as with the terminal as theirs:
   * they end with the run too (on Linux).
   */
  readonly environment: Readonly<Record<string, string>>;
  /** Adds to what `listRuns` tells of this run as `metadata`; anything that JSON can hold. */
  describe(metadata: Readonly<Record<string, unknown>>): void;
  /** From now on the run outlives this process, until `endRun(id)`. */
  keep(): void;
  /** Ends the processes in reverse order of their start, then removes the directory. Any number of calls end it once. */
  stop(): Promise<void>;
  /**
   * From now on SIGINT, SIGTERM and SIGHUP stop the run and then end this process by that same signal. A second signal,
   * half a second later or more, ends this process at once, and what is left of the run without it.
   *
   * @param options.first done before the run is stopped, such as ending work that needs the run's processes.
   * @returns puts an end to that.
   */
  stopOnSignals(options?: { readonly first?: (signal: NodeJS.Signals) => Promise<void> | void }): () => void;
}

/** A run as anybody finds it on this machine. */
export interface RunSummary {
  readonly id: string;
  readonly dir: string;
  readonly label: string;
  readonly began: Date;
  readonly ownerPid: number;
  readonly ownerAlive: boolean;
  readonly keep: boolean;
  readonly processes: readonly { readonly name: string; readonly pid: number; readonly alive: boolean }[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface RunOptions {
  /** What the run is for, in lower-case letters, digits and dashes; begins its id. */
  readonly label: string;
  /** The run outlives this process from the start; default false. */
  readonly keep?: boolean;
  readonly log?: (line: string) => void;
}

/**
 * Begins a run. First ends and removes what runs of dead owners left behind. Unless it is kept, a run ends with this
 * process, however that ends.
 */
export async function beginRun({ label, keep = false, log = () => undefined }: RunOptions): Promise<LabRun> {
  await sweep(log);
  const owner = identify(process.pid);
  if (owner === undefined) throw new Error("cannot tell when this process was started: neither /proc nor ps answers");
  const run = new OwnedRun({
    id: `${label}-${randomBytes(4).toString("hex")}`,
    label,
    began: new Date().toISOString(),
    owner,
    keep: false,
    processes: [],
    metadata: {},
  });
  if (keep) run.keep();
  return run;
}

/** Every run on this machine of this user, oldest first. */
export function listRuns(): RunSummary[] {
  return readAllRecords().map(({ owner, processes, began, ...record }) => ({
    ...record,
    dir: runDirectory(record.id),
    began: new Date(began),
    ownerPid: owner.pid,
    ownerAlive: isAlive(owner),
    processes: processes.map((process) => ({ name: process.name, pid: process.pid, alive: isAlive(process) })),
  }));
}

async function sweep(log: (line: string) => void): Promise<void> {
  removeRemnants();
  for (const record of readAllRecords().filter(({ keep, owner }) => !keep && !isAlive(owner))) {
    const ended = await endProcesses(record);
    removeRunDirectory(record.id);
    log(`Removed what run ${record.id} left behind, whose owner is gone: ${ended} processes and its directory.`);
  }
}
