import type { Changes, Diagnostic, EngineEvent, EventSink, Op, Severity, StepMetadata } from "./events.js";
import type { ResourceState } from "./state.js";
import type { Step } from "./steps.js";

/** Turns what the engine does into events, and counts the changes. */
export class Reporter {
  readonly changes: Changes = {};
  private steps = 0;
  private readonly started = Date.now();

  constructor(
    private readonly sink: EventSink,
    private readonly planning: boolean,
    /** True for the command `refresh`, where a refresh step shows as what it found. */
    private readonly isRefresh: boolean,
  ) {}

  prelude(config: Record<string, string>): void {
    this.sink({ kind: "prelude", config });
  }

  diagnostic(severity: Severity, message: string, urn = "", more: Partial<Diagnostic> = {}): void {
    this.sink({
      kind: "diagnostic",
      diagnostic: { urn, severity, message, ephemeral: false, streamId: 0, ...more },
    });
  }

  before(step: Step): void {
    const { planning } = this;
    this.sink({ kind: "resource-pre", step: metadata(step, step.op), planning, internal: step.internal });
  }

  after(step: Step): void {
    const asResult = this.isRefresh && step.result !== undefined;
    const op = asResult && step.result ? step.result() : step.op;
    if (!step.internal && (step.logical || asResult)) {
      this.changes[op] = (this.changes[op] ?? 0) + 1;
      this.steps++;
    }
    const subject = step.new ?? step.old;
    if (this.planning || subject?.custom || step.op === "delete" || step.op === "refresh") this.outputs(step, op);
  }

  /** Also called for a component, when it has registered its outputs. */
  outputs(step: Step, op: Op = step.op): void {
    const { planning } = this;
    this.sink({ kind: "resource-outputs", step: metadata(step, op), planning, internal: step.internal });
  }

  failed(step: Step, error: Error): void {
    const message = this.planning ? `Preview failed: ${error.message}` : error.message;
    this.diagnostic("error", message, step.internal ? "" : step.urn);
    if (this.planning) return;
    const { steps } = this;
    this.sink({ kind: "resource-failed", step: metadata(step, step.op), steps, internal: step.internal });
  }

  end(failed: boolean): void {
    const seconds = (Date.now() - this.started) / 1000;
    const event: EngineEvent = {
      kind: "summary",
      planning: this.planning,
      seconds,
      changes: { ...this.changes },
      failed,
    };
    this.sink(event);
    this.sink({ kind: "end" });
  }
}

/** A picture of the step as it is now: the states go on changing. */
function metadata(step: Step, op: Op): StepMetadata {
  const subject = step.new ?? step.old;
  return {
    op,
    urn: step.urn,
    type: step.type,
    old: copy(step.old),
    new: copy(step.new),
    keys: step.keys,
    diffs: step.diffs,
    detailedDiff: step.detailedDiff,
    logical: step.logical,
    provider: subject?.provider ?? "",
  };
}

function copy(state: ResourceState | undefined): ResourceState | undefined {
  return state && { ...state };
}
