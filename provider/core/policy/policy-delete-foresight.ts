import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicySpec } from "../../../api/sriov-network-node-policy.js";
import type { Impact } from "../../../plan/impact/impact.js";
import { KindMissing } from "../missing-kind.js";
import { findObject, isLastOwner } from "../owned-object.js";
import type { Operation } from "../resource.js";
import { dialectOf } from "./dialect-of.js";
import type { PolicyScene } from "./policy-scene.js";
import { specOf } from "./policy-spec.js";
import { effectsOf } from "./policy-effects.js";
import { nicImpacts, usersKnown } from "./policy-impact.js";
import type { PartialPolicyInputs } from "./policy-inputs.js";
import type { PolicyOutputs } from "./policy-outputs.js";

/** What a delete of the resource would do now, NIC by NIC. A policy that another resource wants too stays. */
export async function foreseePolicyDelete(
  operation: Operation,
  _id: string,
  olds: Partial<PolicyOutputs>,
  successors: readonly PartialPolicyInputs[] = [],
): Promise<readonly Impact[]> {
  const { cluster, signal } = operation;
  await cluster.refuseStranger(olds.clusterUid);
  const { policyName: name = "", namespace = "", fieldManager = "", onVfsInUse } = olds;
  const live = await findObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, { name, namespace }, signal).catch(
    (error: unknown) => {
      if (error instanceof KindMissing) return undefined;
      throw error;
    },
  );
  if (live === undefined || !isLastOwner(live, fieldManager)) return [];
  const beside = successors.filter((other) => other.namespace === namespace);
  if (beside.some(({ policyName }) => policyName === name)) return [];
  const scene = withPolicies(await (await dialectOf(cluster)).scene(operation, namespace), beside);
  const { lost } = effectsOf(scene, name, undefined);
  return nicImpacts(lost, { onVfsInUse, usersKnown: await usersKnown(cluster, lost) }).map(({ impact }) => impact);
}

/** The scene once these policies are there, too. */
function withPolicies(scene: PolicyScene, policies: readonly PartialPolicyInputs[]): PolicyScene {
  const facts = policies.map((policy) => ({
    name: policy.policyName ?? "",
    spec: specOf(policy) as SriovNetworkNodePolicySpec,
  }));
  const names = new Set(facts.map(({ name }) => name));
  const others = scene.snapshot.policies.filter(({ name }) => !names.has(name));
  return { ...scene, snapshot: { ...scene.snapshot, policies: [...others, ...facts] } };
}
