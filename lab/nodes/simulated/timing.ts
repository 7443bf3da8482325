import { setTimeout as sleep } from "node:timers/promises";
import type { KernelError } from "../../../reconciler/kernel/kernel.js";

/** Milliseconds; all 0 at the start. */
export interface Delays {
  /** How long a write that creates VFs blocks. */
  readonly create: number;
  /** How long a write that removes them blocks. */
  readonly remove: number;
  /** From a VF's creation until its driver is bound. At 0 it is when the write returns. */
  readonly driver: number;
  /** From its driver until its interface has its final name; it has one of the kernel's before. */
  readonly name: number;
}

/** How long what a simulated node does takes. */
export class Timing {
  delays: Delays = { create: 0, remove: 0, driver: 0, name: 0 };

  /** Without a delay, no turn of the event loop either: the simulation's own time is not to show in a measurement. */
  async pass(delay: keyof Delays): Promise<void> {
    if (this.delays[delay] > 0) await sleep(this.delays[delay]);
  }

  /** Takes `step` when the delay has passed; at once where there is none. */
  after(delay: keyof Delays, step: () => void): void {
    if (this.delays[delay] > 0) setTimeout(step, this.delays[delay]).unref();
    else step();
  }
}

/** As `work`, or rejects with `late` after `deadlineMs`; the work itself goes on. Without a number there is no deadline. */
export async function withinDeadline<T>(
  work: Promise<T>,
  deadlineMs: number | undefined,
  late: KernelError,
): Promise<T> {
  if (deadlineMs === undefined) return work;
  const given = new AbortController();
  const passed = sleep(deadlineMs, undefined, { signal: given.signal }).then(
    () => Promise.reject(late),
    () => work,
  );
  try {
    return await Promise.race([work, passed]);
  } finally {
    given.abort();
  }
}
