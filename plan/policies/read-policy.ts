import type { InputProblem } from "../input-problem.js";
import { malformations } from "./policy-inputs.js";
import { type NicCriteria, nicCriteria } from "./selection.js";
import type { PolicyFacts } from "./snapshot.js";
import { type UnsupportedFields, unsupportedFields } from "./unsupported.js";

/** A policy, read once for all NICs. */
export interface ReadPolicy {
  readonly facts: PolicyFacts;
  readonly problems: readonly InputProblem[];
  readonly unsupported: UnsupportedFields;
  /** Undefined where its selectors are malformed: nobody knows what it is to select. */
  readonly criteria: NicCriteria | undefined;
}

/** Specs may come from a cluster that checks less than this project's: whatever is wrong with one is told, and crashes nothing. */
export function readPolicy(facts: PolicyFacts): ReadPolicy {
  const problems = malformations({ ...facts.spec });
  const selects = !problems.some(({ property }) => /^(nodeSelector|nicSelector)/.test(property));
  return {
    facts,
    problems,
    unsupported: unsupportedFields(facts.spec),
    criteria: selects ? nicCriteria(facts.spec.nicSelector) : undefined,
  };
}
