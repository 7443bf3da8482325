import { type FoundMatch, planNic } from "./plan-nic.js";
import type { DevicePlan, PolicyPlan } from "./policy-plan.js";
import { byPrecedence, compareNames } from "./precedence.js";
import { type ReadPolicy, type SelectingPolicy, isSelecting, readPolicy } from "./read-policy.js";
import { selectsNic, selectsNode } from "./selection.js";
import type { NicFacts, PolicySnapshot } from "./snapshot.js";

/**
 * What all policies together make of all NICs. One and the same for one and the same snapshot, in whatever order it lists
 * things; never more VFs than a NIC supports. docs/policies.md has the rules.
 */
export function planPolicies(snapshot: PolicySnapshot): PolicyPlan {
  const policies = snapshot.policies.map(readPolicy);
  const selecting = inPrecedence(policies.filter(isSelecting));
  // One whose selectors cannot be read may be what any NIC has its VFs by.
  const keepsAll = selecting.length < policies.length;
  const nodes = new Map(snapshot.nodes.map((node) => [node.name, node]));
  const devices = new Map<string, DevicePlan>();
  const kept = new Set<string>();
  const found: FoundMatch[] = [];
  for (const [nodeName, nics] of byNode(snapshot.nics)) {
    const node = nodes.get(nodeName);
    const onNode = node === undefined ? [] : selecting.filter(({ criteria }) => selectsNode(criteria, node));
    for (const nic of nics) {
      const onNic = onNode.filter(({ criteria }) => selectsNic(criteria, nic));
      const { plan, matches } = planNic(nic, onNic);
      if (plan !== undefined) devices.set(nic.device, plan);
      else if (keepsAll || node === undefined || onNic.length > 0) kept.add(nic.device);
      found.push(...matches);
    }
  }
  return { devices, kept, policies: plannedPolicies(policies, found) };
}

/** Malformed ones last: there is no saying where they stand, and they would confuse a sort. */
function inPrecedence(policies: readonly SelectingPolicy[]): readonly SelectingPolicy[] {
  const wellFormed = policies.filter(({ problems }) => problems.length === 0);
  const malformed = policies.filter(({ problems }) => problems.length > 0);
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

function plannedPolicies(policies: readonly ReadPolicy[], found: readonly FoundMatch[]): PolicyPlan["policies"] {
  const byPolicy = Map.groupBy(found, ({ policy }) => policy);
  const planned = policies.map(({ facts: { name }, problems, unsupported }) => ({
    name,
    matches: (byPolicy.get(name) ?? []).map(({ match }) => match),
    problems,
    unsupported: [...unsupported.decisive, ...unsupported.ignored],
  }));
  return new Map(planned.sort((a, b) => compareNames(a.name, b.name)).map((policy) => [policy.name, policy]));
}
