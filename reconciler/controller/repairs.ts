import { isDeepStrictEqual } from "node:util";

const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 60_000;

/**
 * How often the same thing was written to the same place. What somebody edited is put back at once; where somebody does
 * it again and again, another controller say, the two must not write as fast as they can.
 */
export class Repairs {
  private readonly written = new Map<string, Written>();

  constructor(private readonly now: () => number = Date.now) {}

  /** How long to wait before `wanted` is written once more, in milliseconds; 0 where nothing speaks against it. */
  pauseBefore(key: string, wanted: unknown): number {
    const known = this.known(key, wanted);
    if (known === undefined || known.times < 2) return 0;
    return Math.max(0, known.last + pauseAfter(known.times) - this.now());
  }

  /** Takes note that `wanted` was written. */
  wrote(key: string, wanted: unknown): void {
    const times = (this.known(key, wanted)?.times ?? 0) + 1;
    this.written.set(key, { wanted, times, last: this.now() });
  }

  /** Nobody wants anything there any more. */
  forget(key: string): void {
    this.written.delete(key);
  }

  private known(key: string, wanted: unknown): Written | undefined {
    const known = this.written.get(key);
    if (known === undefined || !isDeepStrictEqual(known.wanted, wanted)) return undefined;
    const calm = this.now() - known.last > 2 * pauseAfter(known.times);
    return calm && known.times > 1 ? { ...known, times: 1 } : known;
  }
}

interface Written {
  readonly wanted: unknown;
  readonly times: number;
  /** Milliseconds since the epoch. */
  readonly last: number;
}

/** The first time is no repair, and the first repair comes at once. */
function pauseAfter(times: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (times - 2), LAST_PAUSE_MS);
}
