import { omit } from "./omit.js";
import { Reported } from "./engine-error.js";
import { InitFailed } from "./provider.js";
import type { Reporter } from "./reporter.js";
import type { Snapshot } from "./snapshot.js";
import type { ResourceState } from "./state.js";
import { ProtectedError, type Step } from "./steps.js";
import { isSecret, secret } from "./values.js";

/** Carries out steps, up to `parallel` at once. After a failure what runs is let finish, and nothing new is started. */
export class Executor {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly stopListeners: (() => void)[] = [];
  private stopped = false;
  failed = false;
  /** What failed is a step, not the planning or the program: then the operation as a whole is said to have failed too. */
  stepFailed = false;

  constructor(
    private readonly reporter: Reporter,
    private readonly snapshot: Snapshot,
    private readonly parallel: number,
  ) {}

  get isStopped(): boolean {
    return this.stopped;
  }

  /** Starts no further step. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    for (const resume of this.waiting.splice(0)) resume();
    for (const listener of this.stopListeners.splice(0)) listener();
  }

  /** A failure outside of any step: it has been reported. */
  fail(): void {
    this.failed = true;
    this.stop();
  }

  onStop(listener: () => void): void {
    if (this.stopped) listener();
    else this.stopListeners.push(listener);
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.running > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /**
   * One after the other, in one slot.
   * @throws Reported when one failed, or when the executor was stopped before the last
   */
  async runInOrder(steps: Step[]): Promise<void> {
    while (this.running >= this.parallel && !this.stopped) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.running++;
    try {
      for (const step of steps) {
        if (this.stopped) throw new Reported("stopped");
        await this.execute(step);
      }
    } finally {
      this.running--;
      for (const resume of this.waiting.splice(0)) resume();
    }
  }

  /** All at once; the answer names the steps that failed. */
  async runTogether(steps: Step[]): Promise<Step[]> {
    const results = await Promise.allSettled(steps.map((step) => this.runInOrder([step])));
    return steps.filter((_, i) => results[i]?.status === "rejected");
  }

  private async execute(step: Step): Promise<void> {
    const subject = step.new ?? step.old;
    this.reporter.before(step);
    if (step.pending && subject) this.snapshot.begin(subject, step.pending);
    try {
      await step.apply();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.reporter.failed(step, error);
      if (subject) this.snapshot.end(subject);
      if (error instanceof InitFailed) {
        finishOutputs(step);
        record(this.snapshot, step);
      }
      if (step.pending) this.snapshot.write();
      this.failed = this.stepFailed = true;
      // Nothing was touched: the other deletes may go on, so that one run names every protected resource.
      if (!(error instanceof ProtectedError)) this.stop();
      throw new Reported(error.message, { cause: error });
    }
    finishOutputs(step);
    if (subject) this.snapshot.end(subject);
    record(this.snapshot, step);
    if (step.pending || (step.op === "same" && !step.internal && changedQuietly(step))) this.snapshot.write();
    this.reporter.after(step);
  }
}

/** Marks as secret what the program said, and what was secret among the inputs. */
function finishOutputs({ op, new: state }: Step): void {
  if (!state?.outputs || op === "replace") return;
  const outputs = { ...state.outputs };
  for (const [key, value] of Object.entries(outputs)) {
    const asked = state.additionalSecretOutputs?.includes(key) && key !== "id";
    if (asked || isSecret(state.inputs?.[key])) outputs[key] = secret(value);
  }
  state.outputs = outputs;
}

/** What a finished step means for the state. */
function record(snapshot: Snapshot, { op, old, new: state }: Step): void {
  switch (op) {
    case "same":
    case "update":
    case "read":
      if (old) snapshot.remove(old);
      if (state) snapshot.add(state);
      return;
    case "create":
    case "create-replacement":
    case "import":
      if (state) snapshot.add(state);
      if (old?.pendingReplacement || old?.external) snapshot.remove(old);
      return;
    case "delete":
    case "delete-replaced":
    case "remove-pending-replace":
      if (old && !(old.pendingReplacement && op === "delete-replaced")) snapshot.remove(old);
      return;
    default:
      return;
  }
}

/** True if a step that changes no object still changes what is known of it. */
function changedQuietly({ old, new: state }: Step): boolean {
  const known = (it: ResourceState) => JSON.stringify(omit(it, "created", "modified"));
  return old !== undefined && state !== undefined && known(old) !== known(state);
}
