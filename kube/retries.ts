import { setTimeout } from "node:timers/promises";
import { ApiError, ConnectionError, isTransient, messageOf } from "./errors.js";

/** What is tried again, how often, and after which pauses: of requests, lists and watches alike. */

export interface Patience {
  /** How often a request is made in all where the API server does not say when to come back. */
  readonly attempts: number;
  /** The same where it says so each time. One that asks to come back for ever is at fault by itself. */
  readonly returns: number;
  /** A pause longer than this, in milliseconds, is not made: the failure is the answer then. */
  readonly longestMs: number;
}

/** For whoever tries again by itself, and has other work meanwhile. */
export const BRIEF: Patience = { attempts: 4, returns: 4, longestMs: 5_000 };

/** For one who cannot, such as a resource's operation, which its own deadline ends: half a minute, or what the server says. */
export const PATIENT: Patience = { attempts: 10, returns: 100, longestMs: Infinity };

/** Grows with each failure up to `mostMs`, and is half left to chance, so that clients that failed together do not come back together. */
export function growingPause(failures: number, mostMs: number, chance = Math.random()): number {
  return Math.min(50 * 2 ** failures, mostMs) * (0.5 + chance / 2);
}

const MOST_MS = 5_000;

/**
 * How long to wait before the request is made again, in milliseconds, or undefined where the error is the answer. The API
 * server's own word (Retry-After) goes before everything else.
 *
 * @param idempotent whether it does no harm to make it twice: a read, an apply.
 * @param failures how often it has failed, this time included.
 */
export function pauseBefore(
  error: unknown,
  idempotent: boolean,
  failures: number,
  { attempts, returns, longestMs }: Patience,
): number | undefined {
  if (!isTransient(error)) return undefined;
  if (error instanceof ApiError) {
    // With either of these the API server says that it did nothing.
    const untouched = error.httpStatus === 429 || error.httpStatus === 503;
    if (!untouched && !idempotent) return undefined;
    const { retryAfterSeconds } = error.status.details ?? {};
    // To come back at once is no word of when: a server in trouble would be asked in a tight loop.
    if (untouched && retryAfterSeconds !== undefined && retryAfterSeconds > 0) {
      const ms = retryAfterSeconds * 1_000;
      return failures >= returns || ms > longestMs ? undefined : ms;
    }
  } else if (!idempotent || isHopeless(error)) return undefined;
  return failures >= attempts ? undefined : growingPause(failures + 1, MOST_MS);
}

/** An address where nobody listens, a name that is none, a server that is not the one that is meant, or one that hangs. */
function isHopeless(error: unknown): boolean {
  if (/certificate/i.test(messageOf(error))) return true;
  return error instanceof ConnectionError && ["ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT"].includes(error.code);
}

/** Ends early, and without a word, when the signal aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return setTimeout(Math.min(ms, LONGEST_MS), undefined, signal && { signal }).catch(() => undefined);
}

/** What Node's timers can count: anything longer would be no pause at all. */
const LONGEST_MS = 2 ** 31 - 1;
