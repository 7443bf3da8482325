import type { Job, JobOptions, JobParts } from "../job.js";

/** Networks to attachments. */
export class Networks implements Job {
  constructor(
    protected readonly parts: JobParts,
    protected readonly options: JobOptions,
  ) {}

  start(): Promise<void> {
    return Promise.resolve();
  }

  waitsFor(): readonly string[] {
    return [];
  }

  lead(term: AbortSignal): Promise<void> {
    return new Promise((resolve) => term.addEventListener("abort", () => resolve(), { once: true }));
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
