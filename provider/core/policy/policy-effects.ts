import type { SriovNetworkNodePolicySpec } from "../../../api/sriov-network-node-policy.js";
import { planPolicies } from "../../../plan/policies/plan-policies.js";
import type { MatchProblem, PolicyMatch, PolicyPlan } from "../../../plan/policies/policy-plan.js";
import { planVfCount, type UsedVf, usedVfs, type VfCountPlan } from "../../../plan/vf-count.js";
import type { PolicyScene, SceneNic } from "./policy-scene.js";

/** What becomes of NICs where one policy is made, changed or deleted. */
export interface PolicyEffects {
  /** NICs that the policy selects then, ordered by node and address. */
  readonly selected: readonly NicEffect[];
  /** NICs that it selects now, and then no more. */
  readonly lost: readonly NicEffect[];
}

export interface NicEffect {
  readonly match: PolicyMatch;
  /** Its VFs: from what it has to what it is to have. */
  readonly change: VfCountPlan;
  /** Why the policy does not get what it asks for there. */
  readonly problem: MatchProblem | undefined;
  /** Who has set the NIC's count to another number, so that it is not changed. */
  readonly conflict: { readonly owners: readonly string[]; readonly count: number } | undefined;
}

/**
 * Pure. `spec` is what the policy is to be; undefined: it goes. What it is called now where it is to get another name,
 * `replaced` says.
 */
export function effectsOf(
  scene: PolicyScene,
  name: string,
  spec: SriovNetworkNodePolicySpec | undefined,
  replaced = name,
): PolicyEffects {
  const { snapshot } = scene;
  const others = snapshot.policies.filter((policy) => policy.name !== name && policy.name !== replaced);
  const before = planPolicies(snapshot);
  const after = planPolicies({ ...snapshot, policies: spec === undefined ? others : [...others, { name, spec }] });
  const selected = after.policies.get(name)?.matches ?? [];
  const names = new Set(selected.map(({ device }) => device));
  const lost = (before.policies.get(replaced)?.matches ?? []).filter(({ device }) => !names.has(device));
  return { selected: effects(selected, scene, after), lost: effects(lost, scene, after) };
}

/** The VFs in use that go, of whichever NIC. */
export function usedThatGo({ selected, lost }: PolicyEffects): readonly UsedVf[] {
  return [...selected, ...lost].flatMap(({ change }) => usedVfs(change));
}

/** Whether any NIC gets another number of VFs. */
export function changesAny({ selected, lost }: PolicyEffects): boolean {
  return [...selected, ...lost].some(({ change }) => change.writes.length > 0);
}

/** Whether any VF goes on a NIC that the policy selects then: only those can be let go by its permission. */
export function destroysSelected({ selected }: PolicyEffects): boolean {
  return selected.some(({ change }) => change.destroyed.length > 0);
}

function effects(matches: readonly PolicyMatch[], { nics }: PolicyScene, after: PolicyPlan): NicEffect[] {
  return matches.flatMap((match) => {
    const nic = nics.get(match.device);
    return nic === undefined ? [] : [effectOn(nic, match, after)];
  });
}

function effectOn(nic: SceneNic, match: PolicyMatch, after: PolicyPlan): NicEffect {
  const wanted = wantedCount(nic, match.device, after);
  const blocked = wanted !== undefined && nic.directOwners.length > 0 && nic.asked !== wanted;
  const to = blocked || wanted === undefined ? nic.present.numVfs : wanted;
  return {
    match,
    change: planVfCount(nic.present, to),
    problem: match.problem,
    conflict: blocked ? { owners: nic.directOwners, count: nic.asked } : undefined,
  };
}

/** Undefined where the policies leave the NIC as it is. */
function wantedCount(nic: SceneNic, device: string, after: PolicyPlan): number | undefined {
  const plan = after.devices.get(device);
  if (plan !== undefined) return plan.numVfs;
  if (after.kept.has(device) || nic.directOwners.length > 0) return undefined;
  return nic.askedByPolicies ? 0 : undefined;
}
