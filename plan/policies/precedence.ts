import type { PolicyFacts } from "./snapshot.js";

/**
 * Which of two policies goes before: the one with the lower priority number; of equal ones the one whose name comes last, as
 * in the operator.
 */
export function byPrecedence(a: PolicyFacts, b: PolicyFacts): number {
  return priorityOf(a) - priorityOf(b) || compareNames(b.name, a.name);
}

/** None given is the last: the operator's admission webhook writes this number where a manifest has none. */
const NONE_GIVEN = 99;

export function priorityOf(policy: PolicyFacts): number {
  return policy.spec.priority ?? NONE_GIVEN;
}

/** By code units, the same on every machine. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
