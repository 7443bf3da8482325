import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { killGroup, send } from "./end-run.js";

export interface LabProcess {
  readonly name: string;
  readonly pid: number;
  /** What it wrote to standard output and standard error. */
  readonly logFile: string;
  /** Resolves when it has ended, for whatever reason. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Sends a signal to the process alone. Does nothing where it has ended. */
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `graceMs` (default 5000). Resolves when it has ended. */
  stop(graceMs?: number): Promise<void>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnOptions {
  /** The whole environment; default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Nice value, 0 to 19. */
  readonly nice?: number;
}

/**
 * Starts a process in a session of its own, so that a terminal's ^C reaches only the run's owner, who ends things in
 * order. What is left of its process group is killed when it ends.
 *
 * @throws Error where the command cannot be run.
 */
export function startProcess(
  name: string,
  command: string,
  args: readonly string[],
  logFile: string,
  options: SpawnOptions & { readonly env: NodeJS.ProcessEnv },
): LabProcess & { readonly child: ChildProcess } {
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", log, log],
    env: options.env,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  closeSync(log);
  child.on("error", () => undefined); // told by the missing pid below
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name}: cannot run ${command}: not found or not executable`);

  if (options.nice !== undefined) setPriority(pid, options.nice);

  const exited = new Promise<Exit>((resolve) => {
    child.on("exit", (code, signal) => {
      // At once: the group's number is safe from reuse only as long as the group has members.
      killGroup(pid);
      resolve({ code, signal });
    });
  });
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  return {
    name,
    pid,
    logFile,
    exited,
    child,
    signal: (signal) => {
      if (!hasExited()) send(pid, signal);
    },
    stop: async (graceMs = 5_000) => {
      if (!hasExited()) send(pid, "SIGTERM");
      const timer = setTimeout(() => hasExited() || killGroup(pid), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** How a process ended, and the last lines that it wrote. For the message of an error. */
export function describeExit(process: LabProcess, exit: Exit): string {
  return `${process.name} ended ${wordsFor(exit)}. ${describeLog(process)}`;
}

/** Where a process's output is and its last lines. For the message of an error. */
export function describeLog({ logFile }: LabProcess, lines = 15): string {
  const last = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lines);
  return `The end of ${logFile}:\n${last.map((line) => `  ${line}`).join("\n")}`;
}

function wordsFor({ code, signal }: Exit): string {
  return signal === null ? `with status ${String(code)}` : `by ${signal} (${constants.signals[signal]})`;
}
