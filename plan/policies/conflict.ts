import { type Demand, type DemandForVfs, isExternal } from "./demand.js";
import type { DescribedNic } from "./described-nic.js";
import type { MatchProblem } from "./policy-plan.js";
import { formatVfRange, overlaps } from "./vf-range.js";

/** Which of those that go before, and get their VFs, is in the way of a demand; undefined where none is. */
export function conflictWith(
  winners: readonly DemandForVfs[],
  demand: DemandForVfs,
  nic: DescribedNic,
): MatchProblem | undefined {
  const maker = winners.find((winner) => isExternal(winner) !== isExternal(demand));
  if (maker !== undefined) return makerConflict(maker, demand, nic);
  const { resourceName } = demand.policy.spec;
  const namesake = winners.find(({ policy }) => policy.spec.resourceName === resourceName);
  if (namesake !== undefined) return resourceConflict(namesake, demand, nic);
  const neighbour = winners.find(({ range }) => overlaps(range, demand.range));
  return neighbour === undefined ? undefined : overlapConflict(neighbour, demand, nic);
}

function makerConflict(first: Demand, { policy }: Demand, nic: DescribedNic): MatchProblem {
  const wants = isExternal(first)
    ? { first: "leaves the VFs to somebody else", this: "wants them made here" }
    : { first: "has the VFs made here", this: "wants them left to somebody else" };
  return {
    kind: "externallyManaged",
    message:
      `Policy ${first.policy.name}, which goes before, ${wants.first} on ${nic.description}, and policy ${policy.name} ` +
      `${wants.this}. Set externallyManaged alike in both, or have one of them select other NICs.`,
  };
}

function resourceConflict(first: Demand, { policy }: Demand, nic: DescribedNic): MatchProblem {
  return {
    kind: "sameResource",
    message:
      `Policy ${first.policy.name}, which goes before, has VFs of ${nic.description} under the resource name ` +
      `${policy.spec.resourceName}, which policy ${policy.name} wants too. Give one of them another resourceName, ` +
      `or have one of them select other NICs.`,
  };
}

function overlapConflict(first: DemandForVfs, { policy, range }: DemandForVfs, nic: DescribedNic): MatchProblem {
  const example = `${nic.interfaceName === "" ? "ens1f0" : nic.interfaceName}#0-3`;
  // Joined, since a concatenation would keep all its parts, and a thousand policies for one NIC a thousand of them.
  const message = [
    `Policy ${first.policy.name}, which goes before, has the VFs ${formatVfRange(first.range)} of `,
    nic.description,
    `, and policy ${policy.name} wants ${formatVfRange(range)}. Give them ranges that do not overlap in their pfNames `,
    `(${example}), or give ${policy.name} a lower priority number.`,
  ].join("");
  return { kind: "overlap", message };
}
