import { spawn, type ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import { join } from "node:path";
import { endRun, runVariable } from "./end-run.js";
import { startProcess, type LabProcess, type SpawnOptions } from "./lab-process.js";
import type { LabRun } from "./lab-run.js";
import { identify, isAlive } from "./process-identity.js";
import { createRunDirectory, writeRecord, type RunRecord } from "./run-record.js";

/** A run of this process. */
export class OwnedRun implements LabRun {
  readonly id: string;
  readonly dir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly #children: (LabProcess & { readonly child: ChildProcess })[] = [];
  readonly #reaper: ChildProcess;
  readonly #stopping = new AbortController();
  #record: RunRecord;
  #stopped: Promise<void> | undefined;

  constructor(record: RunRecord) {
    this.id = record.id;
    this.environment = { [runVariable]: record.id };
    this.#record = record;
    this.dir = createRunDirectory(record);
    this.#reaper = startReaper(record.id);
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  spawn(name: string, command: string, args: readonly string[], options: SpawnOptions = {}): LabProcess {
    this.signal.throwIfAborted();
    const env = { ...(options.env ?? process.env), ...this.environment };
    const logFile = join(this.dir, "logs", `${name}.log`);
    const started = startProcess(name, command, args, logFile, { ...options, env });
    if (this.#record.keep) started.child.unref();
    this.#children.push(started);
    this.#recordProcess(started);
    return started;
  }

  describe(metadata: Readonly<Record<string, unknown>>): void {
    this.#update({ metadata: { ...this.#record.metadata, ...metadata } });
  }

  keep(): void {
    this.#update({ keep: true });
    for (const { child } of this.#children) child.unref();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  stopOnSignals({ first }: { readonly first?: (signal: NodeJS.Signals) => Promise<void> | void } = {}): () => void {
    let signalledAt: number | undefined;
    const release = () => {
      for (const signal of stopSignals) process.off(signal, onSignal);
    };
    const onSignal = (signal: NodeJS.Signals) => {
      const dieBySignal = () => {
        release();
        process.kill(process.pid, signal);
      };
      if (signalledAt !== undefined) {
        if (Date.now() - signalledAt > echoMs) dieBySignal(); // the reaper does the rest
        return;
      }
      signalledAt = Date.now();
      void this.#stopAfter(() => first?.(signal)).finally(dieBySignal);
    };
    for (const signal of stopSignals) process.on(signal, onSignal);
    return release;
  }

  async #stopAfter(first: () => Promise<void> | void): Promise<void> {
    try {
      await first();
    } catch (error) {
      console.error(error);
    }
    await this.stop();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(new Error(`run ${this.id} is stopping`));
    for (const child of [...this.#children].reverse()) await child.stop();
    await endRun(this.id);
    this.#reaper.stdin?.destroy();
  }

  /** A process that was started again takes the place of the one before. */
  #recordProcess({ name, pid }: LabProcess): void {
    const others = this.#record.processes.filter((process) => process.name !== name || isAlive(process));
    this.#update({ processes: [...others, { name, ...(identify(pid) ?? { pid, started: "unknown" }) }] });
  }

  #update(changes: Partial<RunRecord>): void {
    if (this.#stopped) return;
    this.#record = { ...this.#record, ...changes };
    writeRecord(this.#record);
  }
}

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** npm and the like pass on the signal that the terminal has sent to everybody: what comes this soon is no second one. */
const echoMs = 500;

/** Neither it nor the pipe to it keeps this process from ending. */
function startReaper(id: string): ChildProcess {
  // Neither a member of another run nor under a debugger, whatever this process is.
  const env = { ...process.env, [runVariable]: undefined, NODE_OPTIONS: undefined };
  const reaper = spawn(process.execPath, [join(__dirname, "reaper.js"), id], {
    cwd: "/",
    detached: true,
    env,
    stdio: ["pipe", "ignore", "ignore"],
  });
  reaper.on("error", () => undefined); // without it, the next beginRun cleans up
  reaper.unref();
  reaper.stdin.on("error", () => undefined);
  if (reaper.stdin instanceof Socket) reaper.stdin.unref();
  return reaper;
}
