import type { LeaseSpec } from "../../../api/lease.js";

/** What is written to get the lease: `before` is what it said, undefined where there was none. */
export function acquired(
  before: LeaseSpec | undefined,
  identity: string,
  durationMs: number,
  now: Date,
): Required<LeaseSpec> & Readonly<Record<string, unknown>> {
  const { acquireTime, leaseTransitions = 0 } = before ?? {};
  const isOwn = before?.holderIdentity === identity;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1_000),
    acquireTime: isOwn && acquireTime !== undefined ? acquireTime : microTime(now),
    renewTime: microTime(now),
    leaseTransitions: before === undefined || isOwn ? leaseTransitions : leaseTransitions + 1,
  };
}

/** What is written to give it back, so that the next need not wait until it runs out. */
export function released(now: Date): Readonly<Record<string, unknown>> {
  const time = microTime(now);
  return { holderIdentity: null, leaseDurationSeconds: 1, acquireTime: time, renewTime: time };
}

/** RFC 3339 with microseconds, which the API server insists on. */
function microTime(date: Date): string {
  return date.toISOString().replace(/(\.\d{3})Z$/, "$1000Z");
}
