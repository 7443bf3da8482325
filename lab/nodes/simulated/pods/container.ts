import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../../../kube/errors.js";
import type { Exit, LabProcess } from "../../../processes/lab-process.js";
import type { ContainerSpec } from "./node-pod.js";
import { probe } from "./probing.js";

/** As a pod's status has it. */
export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

interface Terminated {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason: "Completed" | "Error";
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly containerID: string;
}

/** Why a container is not started. It stays so where there is no use in trying again. */
export class Unstartable extends Error {
  constructor(
    readonly reason: "ImagePullBackOff" | "CreateContainerConfigError",
    message: string,
  ) {
    super(message);
  }
}

export interface ContainerParts {
  readonly spec: ContainerSpec;
  readonly restartPolicy: "Always" | "OnFailure" | "Never";
  /** Of the pod. */
  readonly address: string;
  /** Seconds between SIGTERM and SIGKILL where a probe ends it. */
  readonly graceSeconds: number;
  /** Starts its process. @throws {Unstartable} */
  readonly begin: () => Promise<LabProcess>;
  readonly changed: () => void;
  readonly tell: (what: unknown) => void;
}

/** A second start is made at once and the third after a second, then twice as long each time. Kubelets begin with ten seconds. */
const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 10_000;

/** One container of a pod as a process of this machine, started again and again as the pod wants it. */
export class Container {
  state: ContainerState = { waiting: { reason: "ContainerCreating" } };
  lastTerminated: Terminated | undefined;
  restarts = 0;
  /** Its startup probe has succeeded, or it has none. */
  started = false;
  ready = false;
  containerID: string | undefined;
  private process: LabProcess | undefined;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly parts: ContainerParts) {}

  get spec(): ContainerSpec {
    return this.parts.spec;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Resolves when its process is gone; it is not started again. */
  async stop(graceMs: number): Promise<void> {
    this.stopping.abort();
    await this.process?.stop(graceMs);
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (let starts = 0; !signal.aborted; starts++) {
      const terminated = await this.once();
      if (terminated === "unstartable" || this.isStopping()) return;
      if (terminated === "not started") {
        await delay(FIRST_PAUSE_MS, undefined, { signal }).catch(() => undefined);
        continue;
      }
      if (!this.isToRestart(terminated)) return;
      this.lastTerminated = terminated;
      const pauseMs = starts === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (starts - 1), MOST_PAUSE_MS);
      const message = `back-off ${pauseMs / 1_000}s restarting failed container=${this.spec.name}`;
      this.set({ waiting: { reason: "CrashLoopBackOff", message } });
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (!this.isStopping()) this.restarts++;
    }
    if (this.lastTerminated !== undefined) this.set({ terminated: this.lastTerminated });
  }

  private isToRestart({ exitCode }: Terminated): boolean {
    const { restartPolicy } = this.parts;
    return restartPolicy === "Always" || (restartPolicy === "OnFailure" && exitCode !== 0);
  }

  private async once(): Promise<Terminated | "unstartable" | "not started"> {
    const startedAt = new Date().toISOString();
    try {
      this.process = await this.parts.begin();
    } catch (error) {
      const reason = error instanceof Unstartable ? error.reason : "CreateContainerError";
      this.parts.tell(`${this.spec.name}: ${reason}: ${messageOf(error)}`);
      this.set({ waiting: { reason, message: messageOf(error) } });
      return error instanceof Unstartable ? "unstartable" : "not started";
    }
    const { process } = this;
    // Stopped while it was being started.
    if (this.isStopping()) process.signal("SIGTERM");
    this.containerID = `process://${process.pid}`;
    const { containerID } = this;
    this.set({ running: { startedAt: seconds(startedAt) } });
    const ended = new AbortController();
    const why: { text?: string } = {};
    this.probeUntil(ended.signal, process, why);
    const exit = await process.exited;
    ended.abort();
    this.started = this.ready = false;
    const terminated = terminatedBy(exit, { startedAt: seconds(startedAt), containerID }, why.text);
    this.set({ terminated });
    return terminated;
  }

  private probeUntil(ended: AbortSignal, process: LabProcess, why: { text?: string }): void {
    const { spec, address, graceSeconds, tell, changed } = this.parts;
    const kill = (what: string) => (problem: string) => {
      if (why.text !== undefined) return;
      why.text = `Container ${spec.name} failed ${what} probe, will be restarted: ${problem}`;
      tell(why.text);
      void process.stop(graceSeconds * 1_000);
    };
    const begin = (): void => {
      if (ended.aborted || this.started) return;
      this.started = true;
      const { livenessProbe, readinessProbe } = spec;
      const ready = (is: boolean) => (): void => {
        if (ended.aborted || this.ready === is) return;
        this.ready = is;
        changed();
      };
      if (readinessProbe === undefined) this.ready = true;
      else void probe(readinessProbe, spec, address, { succeeded: ready(true), failed: ready(false) }, ended);
      const alive = { succeeded: () => undefined, failed: kill("liveness") };
      if (livenessProbe !== undefined) void probe(livenessProbe, spec, address, alive, ended);
      changed();
    };
    if (spec.startupProbe === undefined) {
      begin();
      return;
    }
    const done = new AbortController();
    const until = AbortSignal.any([ended, done.signal]);
    const succeeded = (): void => {
      done.abort();
      begin();
    };
    void probe(spec.startupProbe, spec, address, { succeeded, failed: kill("startup") }, until);
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private set(state: ContainerState): void {
    this.state = state;
    this.parts.changed();
  }
}

function terminatedBy(
  { code, signal }: Exit,
  since: Pick<Terminated, "startedAt" | "containerID">,
  message: string | undefined,
): Terminated {
  const number = signal === null ? undefined : SIGNAL_NUMBERS[signal];
  const exitCode = code ?? 128 + (number ?? 0);
  return {
    exitCode,
    ...(number !== undefined && { signal: number }),
    reason: exitCode === 0 ? "Completed" : "Error",
    ...(message !== undefined && { message }),
    ...since,
    finishedAt: seconds(new Date().toISOString()),
  };
}

const SIGNAL_NUMBERS: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGTERM: 15,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGABRT: 6,
};

/** The API server keeps no parts of a second. */
function seconds(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}
