import { isDeepStrictEqual } from "node:util";
import type { MatchedDeviceState } from "../../../api/sriov-network-node-policy.js";

/** Why a NIC was not asked for what it is to be. */
export interface Refusal {
  readonly state: MatchedDeviceState;
  /** For people. */
  readonly message: string;
  /** Whether only something else than time can change the answer. */
  readonly lasting: boolean;
}

interface Known {
  readonly circumstances: unknown;
  readonly refusal: Refusal;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 60_000;
/** So that NICs that failed together are not tried again together. */
const JITTER = 0.25;

/**
 * What the API server has refused, NIC by NIC, and under which circumstances: the same is not asked again before something
 * is different that the answer depended on, or, where the answer may change by itself, after pauses that grow.
 */
export class Refusals {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly now: () => number = Date.now,
    private readonly random: () => number = Math.random,
  ) {}

  /** The answer that still counts. */
  of(device: string, circumstances: unknown): Refusal | undefined {
    const known = this.known.get(device);
    if (known === undefined || this.now() >= known.until) return undefined;
    return isDeepStrictEqual(known.circumstances, circumstances) ? known.refusal : undefined;
  }

  /** Takes note. Answers whether this is news: another refusal than the last one. */
  add(device: string, circumstances: unknown, refusal: Refusal): boolean {
    const last = this.known.get(device);
    const count = (last?.count ?? 0) + 1;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (count - 1), LAST_PAUSE_MS) * (1 + JITTER * this.random());
    this.known.set(device, { circumstances, refusal, count, until: refusal.lasting ? Infinity : this.now() + pause });
    return last === undefined || !isDeepStrictEqual(last.refusal, refusal);
  }

  /** It was done, or there is nothing to be done any more. */
  forget(device: string): void {
    this.known.delete(device);
  }

  /** When something may be tried again that was not to be tried at `since` yet, both in milliseconds since the epoch. */
  nextAfter(since: number): number | undefined {
    const times = [...this.known.values()]
      .map(({ until }) => until)
      .filter((until) => until > since && until < Infinity);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
