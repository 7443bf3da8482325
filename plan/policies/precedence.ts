import type { PolicyFacts } from "./snapshot.js";

/**
 * Which of two policies goes before: the one with the lower priority number; of equal ones the one whose name comes last, as
 * in the operator.
 */
export function byPrecedence(a: PolicyFacts, b: PolicyFacts): number {
  return priorityOf(a) - priorityOf(b) || compareNames(b.name, a.name);
}

export function priorityOf(policy: PolicyFacts): number {
  return policy.spec.priority ?? 0;
}

/** By code units, the same on every machine. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
