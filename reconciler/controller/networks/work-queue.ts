import type { Logger } from "pino";
import { messageOf } from "../../../kube/errors.js";

/** What a turn of one key leaves to be done: nothing, or another look after so many milliseconds. */
export type Turn = { readonly again?: number | undefined };

export interface WorkQueueOptions {
  readonly log: Logger;
  /** How many keys have their turn at once. */
  readonly workers: number;
  /** Pause after a first failure, doubled with each that follows. Default 1,000. */
  readonly firstPauseMs?: number;
  /** Default 60,000. */
  readonly lastPauseMs?: number;
}

/**
 * Keys that wait for their turn. A key has one turn at a time, and one more where it was added meanwhile; a turn that
 * throws is repeated after pauses that grow, and holds up no other key.
 */
export class WorkQueue {
  private readonly waiting = new Set<string>();
  private readonly busy = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private stopped = false;
  private onIdle: (() => void)[] = [];

  constructor(
    private readonly turn: (key: string) => Promise<Turn>,
    private readonly options: WorkQueueOptions,
  ) {}

  /** The key is to have a turn, as soon as there is one to be had. */
  add(key: string): void {
    if (this.stopped) return;
    this.clearTimer(key);
    this.waiting.add(key);
    this.next();
  }

  /** Resolves when no key has or waits for its turn; what is to be repeated later does not count. */
  async idle(): Promise<void> {
    if (this.busy.size === 0 && this.waiting.size === 0) return;
    await new Promise<void>((resolve) => this.onIdle.push(resolve));
  }

  /** Ends after the turns that are under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.waiting.clear();
    for (const key of [...this.timers.keys()]) this.clearTimer(key);
    await this.idle();
  }

  private next(): void {
    for (const key of this.waiting) {
      if (this.busy.size >= this.options.workers) return;
      if (this.busy.has(key)) continue;
      this.waiting.delete(key);
      this.busy.add(key);
      void this.run(key);
    }
  }

  private async run(key: string): Promise<void> {
    try {
      const { again } = await this.turn(key);
      this.failures.delete(key);
      if (again !== undefined) this.addAfter(key, again);
    } catch (error) {
      const pause = this.pauseOf(key);
      if (!this.stopped) this.options.log.error({ err: error, key }, `${key}: ${messageOf(error)}`);
      this.addAfter(key, pause);
    }
    this.busy.delete(key);
    this.next();
    if (this.busy.size > 0 || this.waiting.size > 0) return;
    for (const resolve of this.onIdle.splice(0)) resolve();
  }

  private pauseOf(key: string): number {
    const { firstPauseMs = 1_000, lastPauseMs = 60_000 } = this.options;
    const failures = this.failures.get(key) ?? 0;
    this.failures.set(key, failures + 1);
    // Up to a quarter longer, so that what failed together is not tried again together.
    return Math.min(firstPauseMs * 2 ** failures, lastPauseMs) * (1 + Math.random() / 4);
  }

  private addAfter(key: string, ms: number): void {
    if (this.stopped || this.waiting.has(key)) return;
    this.clearTimer(key);
    this.timers.set(
      key,
      setTimeout(() => this.add(key), ms),
    );
  }

  private clearTimer(key: string): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
  }
}
