import type { MatchProblem } from "./policy-plan.js";
import type { DescribedNic } from "./described-nic.js";
import type { PolicyFacts } from "./snapshot.js";
import type { VfRange } from "./vf-range.js";

/** What one policy wants of one NIC. */
export interface Demand {
  readonly policy: PolicyFacts;
  /** The VFs that it wants for itself; undefined where it wants none, since its numVfs is 0. */
  readonly range: VfRange | undefined;
}

/**
 * What a policy wants of a NIC that it selects, or why it cannot be had there, whatever others want. `named` is the range that
 * the policy names for this NIC.
 */
export function demandOn(policy: PolicyFacts, nic: DescribedNic, named: VfRange | undefined): Demand | MatchProblem {
  const { numVfs } = policy.spec;
  const problem = linkTypeProblem(policy, nic) ?? countProblem(policy, nic) ?? rangeProblem(policy, nic, named);
  if (problem !== undefined) return problem;
  return { policy, range: numVfs === 0 ? undefined : (named ?? { first: 0, last: numVfs - 1 }) };
}

export type DemandForVfs = Demand & { readonly range: VfRange };

export function wantsVfs(demand: Demand): demand is DemandForVfs {
  return demand.range !== undefined;
}

/** Does somebody else make the VFs, so that they are only shared out? */
export function isExternal({ policy }: Demand): boolean {
  return policy.spec.externallyManaged === true;
}

export function isDemand(asked: Demand | MatchProblem): asked is Demand {
  return "policy" in asked;
}

function linkTypeProblem({ name, spec }: PolicyFacts, nic: DescribedNic): MatchProblem | undefined {
  if (spec.linkType === undefined || nic.linkType === undefined) return undefined;
  if (spec.linkType.toLowerCase() === nic.linkType.toLowerCase()) return undefined;
  return {
    kind: "linkType",
    message:
      `${nic.description} has link type ${nic.linkType}, and policy ${name} is for ${spec.linkType}. ` +
      `A link type is not changed: set it in the NIC's firmware, or have the policy select other NICs.`,
  };
}

function countProblem({ name, spec }: PolicyFacts, nic: DescribedNic): MatchProblem | undefined {
  const { totalVfs } = nic;
  if (totalVfs === undefined || spec.numVfs <= totalVfs) return undefined;
  return {
    kind: "tooMany",
    message:
      `${nic.description} supports at most ${totalVfs} ${totalVfs === 1 ? "VF" : "VFs"}, and policy ${name} asks for ${spec.numVfs}. ` +
      `Set its numVfs to ${totalVfs} or less, raise the maximum in the NIC's firmware, or have the policy select other NICs.`,
  };
}

function rangeProblem(
  { name, spec }: PolicyFacts,
  nic: DescribedNic,
  named: VfRange | undefined,
): MatchProblem | undefined {
  if (named === undefined || named.last < spec.numVfs) return undefined;
  return {
    kind: "range",
    message:
      `Policy ${name} wants the VFs ${named.first}-${named.last} of ${nic.description}, but asks for ${spec.numVfs} in all, ` +
      `numbered from 0. Set its numVfs to ${named.last + 1} or more, or end the range in its pfNames lower.`,
  };
}
