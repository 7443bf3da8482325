import { type Demand, demandOn, isDemand } from "./demand.js";
import { type DescribedNic, describedNic } from "./described-nic.js";
import { merge } from "./merge.js";
import type { DevicePlan, MatchProblem, PolicyMatch, PolicyPlan } from "./policy-plan.js";
import { byPrecedence, compareNames } from "./precedence.js";
import { type ReadPolicy, readPolicy } from "./read-policy.js";
import { type NicCriteria, selectedRange, selectsNic, selectsNode } from "./selection.js";
import type { NicFacts, PolicySnapshot } from "./snapshot.js";
import { unsupportedProblem } from "./unsupported.js";

/**
 * What all policies together make of all NICs. One and the same for one and the same snapshot, in whatever order it lists
 * things; never more VFs than a NIC supports. docs/policies.md has the rules.
 */
export function planPolicies(snapshot: PolicySnapshot): PolicyPlan {
  const policies = snapshot.policies.map(readPolicy);
  const selectable = inPrecedence(policies);
  const nodes = new Map(snapshot.nodes.map((node) => [node.name, node]));
  const devices = new Map<string, DevicePlan>();
  const kept = new Set<string>();
  const matches = new Map(policies.map(({ facts }): [string, PolicyMatch[]] => [facts.name, []]));
  for (const [nodeName, nics] of byNode(snapshot.nics)) {
    const node = nodes.get(nodeName);
    const onNode = node === undefined ? [] : selectable.filter(({ criteria }) => selectsNode(criteria, node));
    for (const nic of nics) {
      const selecting = onNode.filter(({ criteria }) => selectsNic(criteria, nic));
      const { plan, found } = planNic(describedNic(nic), selecting);
      if (plan !== undefined) devices.set(nic.device, plan);
      else if (node === undefined || selecting.length > 0) kept.add(nic.device);
      for (const [name, match] of found) matches.get(name)?.push(match);
    }
  }
  return { devices, kept, policies: plannedPolicies(policies, matches) };
}

type SelectingPolicy = ReadPolicy & { readonly criteria: NicCriteria };

/** Those whose selectors can be read; malformed ones last, since there is no saying where they stand. */
function inPrecedence(policies: readonly ReadPolicy[]): readonly SelectingPolicy[] {
  const selectable = policies.filter((policy): policy is SelectingPolicy => policy.criteria !== undefined);
  const wellFormed = selectable.filter(({ problems }) => problems.length === 0);
  const malformed = selectable.filter(({ problems }) => problems.length > 0);
  return [...wellFormed.sort((a, b) => byPrecedence(a.facts, b.facts)), ...malformed];
}

/** The NICs of each node, nodes by name, NICs by address: what status lists are ordered by. */
function byNode(nics: readonly NicFacts[]): Map<string, NicFacts[]> {
  const ordered = [...nics].sort(
    (a, b) =>
      compareNames(a.nodeName, b.nodeName) || compareNames(a.address, b.address) || compareNames(a.device, b.device),
  );
  return Map.groupBy(ordered, ({ nodeName }) => nodeName);
}

interface NicPlan {
  /** Undefined where none of the policies can be carried out. */
  readonly plan: DevicePlan | undefined;
  readonly found: readonly (readonly [policy: string, match: PolicyMatch])[];
}

/** One NIC by the policies that select it, ordered by precedence. */
function planNic(nic: DescribedNic, selecting: readonly SelectingPolicy[]): NicPlan {
  const wellFormed = selecting.filter(({ problems }) => problems.length === 0);
  const asked = wellFormed.map((policy) => ({ name: policy.facts.name, demand: askedOf(nic, policy) }));
  const demands = asked.map(({ demand }) => demand).filter(isDemand);
  const merged = demands.length === 0 ? undefined : merge(nic, demands);
  const ranges = new Map(merged?.plan.vfGroups.map(({ policyName, vfRange }) => [policyName, vfRange]));
  const found = asked.map(({ name, demand }) => {
    const problem = isDemand(demand) ? merged?.problems.get(name) : demand;
    return [name, matchOf(nic, ranges.get(name), problem)] as const;
  });
  return { plan: merged?.plan, found };
}

function askedOf(nic: DescribedNic, { facts, criteria, unsupported }: SelectingPolicy): Demand | MatchProblem {
  if (unsupported.decisive.length > 0) return unsupportedProblem(facts, nic, unsupported.decisive);
  return demandOn(facts, nic, selectedRange(criteria, nic));
}

function matchOf(nic: NicFacts, vfRange: string | undefined, problem: MatchProblem | undefined): PolicyMatch {
  const { device, nodeName, interfaceName, address } = nic;
  return { device, nodeName, interfaceName, address, vfRange, problem };
}

function plannedPolicies(
  policies: readonly ReadPolicy[],
  matches: ReadonlyMap<string, readonly PolicyMatch[]>,
): PolicyPlan["policies"] {
  const planned = policies.map(({ facts: { name }, problems, unsupported }) => ({
    name,
    matches: matches.get(name) ?? [],
    problems,
    unsupported: [...unsupported.decisive, ...unsupported.ignored],
  }));
  return new Map(planned.sort((a, b) => compareNames(a.name, b.name)).map((policy) => [policy.name, policy]));
}
