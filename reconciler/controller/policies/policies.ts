import type { Job, JobOptions, JobParts } from "../job.js";
import { Passes } from "../passes.js";

/** Policies to what each NIC is asked for. */
export class Policies implements Job {
  private readonly passes: Passes;

  constructor(
    private readonly parts: JobParts,
    protected readonly options: JobOptions,
  ) {
    const { log, metrics } = parts;
    this.passes = new Passes({ job: "policies", log, metrics, pass: (term) => this.pass(term) });
  }

  async start(): Promise<void> {
    const { nodes, devices, policies } = this.parts.watches;
    nodes.onChange(() => this.passes.wake());
    devices.onChange(() => this.passes.wake());
    policies.onChange(() => this.passes.wake());
    await Promise.all([nodes.start().synced, devices.start().synced, policies.start().synced]);
    this.passes.wake();
  }

  /** The shared watches speak for themselves. */
  waitsFor(): readonly string[] {
    return [];
  }

  lead(term: AbortSignal): Promise<void> {
    return this.passes.lead(term);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  private pass(term: AbortSignal): Promise<number | undefined> {
    term.throwIfAborted();
    return Promise.resolve(undefined);
  }
}
