import { type Demand, demandOn, isDemand } from "./demand.js";
import { type DescribedNic, describedNic } from "./described-nic.js";
import { merge } from "./merge.js";
import type { DevicePlan, MatchProblem, PolicyMatch } from "./policy-plan.js";
import type { SelectingPolicy } from "./read-policy.js";
import { selectedRange } from "./selection.js";
import type { NicFacts } from "./snapshot.js";
import { unsupportedProblem } from "./unsupported.js";

export interface NicPlan {
  /** Undefined where none of the policies can be carried out. */
  readonly plan: DevicePlan | undefined;
  /** What becomes of each policy that is well-formed. */
  readonly matches: readonly FoundMatch[];
}

export interface FoundMatch {
  readonly policy: string;
  readonly match: PolicyMatch;
}

/** One NIC by the policies that select it, ordered by precedence. */
export function planNic(facts: NicFacts, selecting: readonly SelectingPolicy[]): NicPlan {
  const nic = describedNic(facts);
  const wellFormed = selecting.filter(({ problems }) => problems.length === 0);
  const asked = wellFormed.map((policy) => ({ policy: policy.facts.name, demand: askedOf(nic, policy) }));
  const demands = asked.map(({ demand }) => demand).filter(isDemand);
  const merged = demands.length === 0 ? undefined : merge(nic, demands);
  const ranges = new Map(merged?.plan.vfGroups.map(({ policyName, vfRange }) => [policyName, vfRange]));
  const matches = asked.map(({ policy, demand }) => {
    const problem = isDemand(demand) ? merged?.problems.get(policy) : demand;
    return { policy, match: matchOf(nic, ranges.get(policy), problem) };
  });
  return { plan: merged?.plan, matches };
}

function askedOf(nic: DescribedNic, { facts, criteria, unsupported }: SelectingPolicy): Demand | MatchProblem {
  if (unsupported.decisive.length > 0) return unsupportedProblem(facts, nic, unsupported.decisive);
  return demandOn(facts, nic, selectedRange(criteria, nic));
}

function matchOf(nic: NicFacts, vfRange: string | undefined, problem: MatchProblem | undefined): PolicyMatch {
  const { device, nodeName, interfaceName, address } = nic;
  return { device, nodeName, interfaceName, address, vfRange, problem };
}
