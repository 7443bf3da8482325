import type { SriovNetworkNodePolicySpec } from "../../api/sriov-network-node-policy.js";
import type { InputProblem } from "../input-problem.js";
import { isSpec } from "../spec-fields.js";
import { malformations } from "./policy-inputs.js";
import { type NicCriteria, nicCriteria } from "./selection.js";
import type { PolicyFacts } from "./snapshot.js";
import { type UnsupportedFields, unsupportedFields } from "./unsupported.js";

/** A policy, read once for all NICs. */
export interface ReadPolicy {
  readonly facts: PolicyFacts;
  /** Why nothing of it can be carried out. */
  readonly problems: readonly InputProblem[];
  readonly unsupported: UnsupportedFields;
  /** Undefined where its selectors are malformed: nobody knows what it is to select. */
  readonly criteria: NicCriteria | undefined;
}

export type SelectingPolicy = ReadPolicy & { readonly criteria: NicCriteria };

export function isSelecting(policy: ReadPolicy): policy is SelectingPolicy {
  return policy.criteria !== undefined;
}

/** The kind's schema may be another's, which checks less: whatever is wrong with a spec is told, and crashes nothing. */
export function readPolicy({ name, spec: given }: PolicyFacts): ReadPolicy {
  const spec = isSpec(given) ? given : NOTHING;
  const problems = malformations({ ...spec });
  const selects = !problems.some(({ property }) => /^(nodeSelector|nicSelector)/.test(property));
  return {
    facts: { name, spec },
    problems,
    unsupported: unsupportedFields(spec),
    criteria: selects ? nicCriteria(spec.nodeSelector, spec.nicSelector) : undefined,
  };
}

/** What an object without a spec says. */
const NOTHING: SriovNetworkNodePolicySpec = { resourceName: "", nodeSelector: {}, nicSelector: {}, numVfs: 0 };
