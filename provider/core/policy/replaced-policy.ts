import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { isMintedFrom } from "../field-manager.js";
import { specOwners } from "../owned-object.js";
import type { Operation } from "../resource.js";
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
