import type { MatchProblem } from "./policy-plan.js";
import type { NicFacts, PolicyFacts } from "./snapshot.js";
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
export function demandOn(policy: PolicyFacts, nic: NicFacts, named: VfRange | undefined): Demand | MatchProblem {
  const { numVfs } = policy.spec;
  const problem = linkTypeProblem(policy, nic) ?? countProblem(policy, nic) ?? rangeProblem(policy, nic, named);
  if (problem !== undefined) return problem;
  return { policy, range: numVfs === 0 ? undefined : (named ?? { first: 0, last: numVfs - 1 }) };
}

export function isDemand(asked: Demand | MatchProblem): asked is Demand {
  return "policy" in asked;
}

/** How a message calls a NIC: by its device, its interface and where it is. */
export function describeNic({ device, interfaceName, address, nodeName }: NicFacts): string {
  return `${device} (${interfaceName === "" ? address : `${interfaceName}, ${address}`} on node ${nodeName})`;
}

function linkTypeProblem({ name, spec }: PolicyFacts, nic: NicFacts): MatchProblem | undefined {
  if (spec.linkType === undefined || nic.linkType === undefined) return undefined;
  if (spec.linkType.toLowerCase() === nic.linkType.toLowerCase()) return undefined;
  return {
    kind: "linkType",
    message:
      `${describeNic(nic)} has link type ${nic.linkType}, and policy ${name} is for ${spec.linkType}. ` +
      `A link type is not changed: set it in the NIC's firmware, or have the policy select other NICs.`,
  };
}

function countProblem({ name, spec }: PolicyFacts, nic: NicFacts): MatchProblem | undefined {
  const { totalVfs } = nic;
  if (totalVfs === undefined || spec.numVfs <= totalVfs) return undefined;
  return {
    kind: "tooMany",
    message:
      `${describeNic(nic)} supports at most ${totalVfs} ${totalVfs === 1 ? "VF" : "VFs"}, and policy ${name} asks for ${spec.numVfs}. ` +
      `Set its numVfs to ${totalVfs} or less, raise the maximum in the NIC's firmware, or have the policy select other NICs.`,
  };
}

function rangeProblem(
  { name, spec }: PolicyFacts,
  nic: NicFacts,
  named: VfRange | undefined,
): MatchProblem | undefined {
  if (named === undefined || named.last < spec.numVfs) return undefined;
  return {
    kind: "range",
    message:
      `Policy ${name} wants the VFs ${named.first}-${named.last} of ${describeNic(nic)}, but asks for ${spec.numVfs} in all, ` +
      `numbered from 0. Set its numVfs to ${named.last + 1} or more, or end the range in its pfNames lower.`,
  };
}
