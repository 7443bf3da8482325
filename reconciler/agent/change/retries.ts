import { isDeepStrictEqual } from "node:util";
import type { Refusal } from "./outcome.js";

const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 60_000;
/** So that the NICs of a node, or the nodes of a cluster, that failed together don't try again together. */
const JITTER = 0.25;

/**
 * What failed, and when it may be tried again: after pauses that grow, whoever wakes the loop meanwhile. Only where
 * something is different that the answer depended on, it may be tried at once.
 */
export class Retries<R = Refusal> {
  private failures = 0;
  private last: Failure<R> | undefined;

  constructor(
    private readonly now: () => number = Date.now,
    private readonly random: () => number = Math.random,
  ) {}

  /** How many times in a row it has failed. */
  get count(): number {
    return this.failures;
  }

  /** Takes note that `attempt` was refused; answers when it may be tried again, in milliseconds since the epoch. */
  failed(attempt: unknown, refusal: R): number {
    this.last = { attempt, refusal, until: this.now() + this.nextPause() };
    return this.last.until;
  }

  /** The refusal of the same attempt, while its pause lasts. */
  pending(attempt: unknown): Failure<R> | undefined {
    if (this.last === undefined || this.now() >= this.last.until) return undefined;
    return isDeepStrictEqual(this.last.attempt, attempt) ? this.last : undefined;
  }

  /** For a failure that leaves nothing to compare with. */
  nextPause(): number {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.failures++, LAST_PAUSE_MS / (1 + JITTER));
    return pause * (1 + JITTER * this.random());
  }

  /** Nothing is left to try again: the next failure begins with the shortest pause. */
  reset(): void {
    this.failures = 0;
    this.last = undefined;
  }
}

export interface Failure<R = Refusal> {
  /** All that the answer depended on. */
  readonly attempt: unknown;
  readonly refusal: R;
  /** Milliseconds since the epoch. */
  readonly until: number;
}
