import { setTimeout as delay } from "node:timers/promises";
import { describeExit, describeLog, type LabProcess, type LabRun } from "../processes/lab-run.js";

/** A process of the control plane that can be ended and started again with the same arguments and data. */
export interface Server {
  /** That of the latest start. */
  readonly process: LabProcess;
  /** SIGKILL. Resolves when it has ended. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL after 5 s. Resolves when it has ended. */
  stop(): Promise<void>;
  /** Resolves when it is ready again. Does nothing where it runs. */
  start(): Promise<void>;
}

export interface ServerOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Asked again and again until it says so; default: ready as soon as it is started. Must not reject. */
  readonly isReady?: () => Promise<boolean>;
  /** Whose end while this one starts is an error at once. */
  readonly needs?: Server;
}

/** @throws Error with the end of its log where it ends, or is not ready within a minute. */
export async function startServer(run: LabRun, options: ServerOptions): Promise<Server> {
  const { name, command, args, cwd } = options;
  const spawn = () => run.spawn(name, command, args, { cwd });
  let process = spawn();
  let running = true;
  const watch = () => void process.exited.then(() => (running = false));
  watch();
  await untilReady(process, options);
  return {
    get process() {
      return process;
    },
    kill: async () => {
      process.signal("SIGKILL");
      await process.exited;
    },
    stop: () => process.stop(),
    start: async () => {
      if (running) return;
      process = spawn();
      running = true;
      watch();
      await untilReady(process, options);
    },
  };
}

async function untilReady(starting: LabProcess, { name, isReady, needs }: ServerOptions): Promise<void> {
  if (isReady === undefined) return;
  const deadline = Date.now() + 60_000;
  const ended = Promise.race(
    [starting, ...(needs ? [needs.process] : [])].map(async (process) => {
      throw new Error(`${name} did not start: ${describeExit(process, await process.exited)}`);
    }),
  );
  while (!(await Promise.race([isReady(), ended]))) {
    if (Date.now() > deadline) throw new Error(`${name} is not ready after 60 s. ${describeLog(starting)}`);
    await Promise.race([delay(50), ended]);
  }
  ended.catch(() => undefined); // its end from now on is nobody's failure to start
}
