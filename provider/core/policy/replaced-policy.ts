import {
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodePolicySpec,
} from "../../../api/sriov-network-node-policy.js";
import { isMintedFrom } from "../field-manager.js";
import { specOwners } from "../owned-object.js";
import type { InputFailure, Operation } from "../resource.js";
import { effectsOf } from "./policy-effects.js";
import { usersKnown } from "./operator-vf-users.js";
import { describeLosses, nicImpacts, refusalOf } from "./policy-impact.js";
import type { PolicyInputs } from "./policy-inputs.js";
import type { PolicyScene } from "./policy-scene.js";

/**
 * The scene without the policy that the resource has now, where it is to get another name: Pulumi deletes the old one once
 * the new one is there. The engine does not tell that a resource is replaced, so it is known by its field manager.
 */
export async function withoutReplaced(
  { cluster }: Operation,
  scene: PolicyScene,
  { policyName, namespace, resourceUrn }: Partial<PolicyInputs>,
): Promise<PolicyScene> {
  if (policyName === undefined || resourceUrn === undefined) return scene;
  const policies = await cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace);
  // One that stays beside its successor was meant to stay.
  if (policies.get(policyName, namespace) !== undefined) return scene;
  const replaced = new Set(
    policies
      .list()
      .filter((policy) => isSolelyOf(resourceUrn, policy))
      .map(({ metadata }) => metadata.name),
  );
  const left = scene.snapshot.policies.filter(({ name }) => !replaced.has(name));
  return { ...scene, snapshot: { ...scene.snapshot, policies: left } };
}

function isSolelyOf(urn: string, policy: SriovNetworkNodePolicy): boolean {
  const owners = specOwners(policy);
  return owners.length > 0 && owners.every((manager) => isMintedFrom(urn, manager));
}

/**
 * What becomes of the NICs that the old policy selects and the new one does not: their VFs go when Pulumi deletes the old one,
 * which goes by what the state says.
 */
export async function foreseeReplacedPolicy(
  { cluster, log }: Operation,
  scene: PolicyScene,
  olds: Partial<PolicyInputs>,
  news: Partial<PolicyInputs> & { readonly policyName: string },
  spec: SriovNetworkNodePolicySpec,
): Promise<readonly InputFailure[]> {
  const { policyName: old = "", namespace } = olds;
  const live = (await cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace)).get(old, namespace);
  const urns = [olds.resourceUrn, news.resourceUrn].filter((urn) => urn !== undefined);
  if (live === undefined || !urns.some((urn) => isSolelyOf(urn, live))) return [];
  const { lost } = effectsOf(scene, news.policyName, spec, old);
  const impacts = nicImpacts(lost, { onVfsInUse: olds.onVfsInUse, usersKnown: await usersKnown(cluster, lost) });
  const refusal = refusalOf(old, impacts, WAYS_OUT_OF_REPLACEMENT);
  if (refusal !== undefined) return [{ property: "policyName", reason: refusal }];
  for (const loss of describeLosses(impacts)) log.warn(loss);
  return [];
}

const WAYS_OUT_OF_REPLACEMENT =
  `The new policy does not select them: release the VFs, or run up with onVfsInUse: "proceed" and the old name first, since a ` +
  `delete goes by what the state says.`;
