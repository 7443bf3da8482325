import {
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodePolicySpec,
} from "../../../api/sriov-network-node-policy.js";
import { withoutFreed } from "../../../plan/impact/freed-claims.js";
import type { Impact } from "../../../plan/impact/impact.js";
import { KindMissing } from "../missing-kind.js";
import { findObject, isLastOwner, specOwners } from "../owned-object.js";
import type { Beside, Operation } from "../resource.js";
import { dialectOf } from "./dialect-of.js";
import type { PolicyScene, SceneNic } from "./policy-scene.js";
import { specOf } from "./policy-spec.js";
import { effectsOf } from "./policy-effects.js";
import { usersKnown } from "./operator-vf-users.js";
import { nicImpacts } from "./policy-impact.js";
import type { PartialPolicyInputs, PolicyInputs } from "./policy-inputs.js";
import type { PolicyOutputs } from "./policy-outputs.js";

/** What a delete of the resource would do now, NIC by NIC. A policy that another resource wants too stays. */
export async function foreseePolicyDelete(
  operation: Operation,
  _id: string,
  olds: Partial<PolicyOutputs>,
  { successors = [], declared, gone, freed }: Beside<PolicyInputs> = {},
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
  if (live === undefined || !isLastOwner(live, fieldManager, gone)) return [];
  const made = successors.filter((other) => other.namespace === namespace);
  if (made.some(({ policyName }) => policyName === name)) return [];
  const scene = await (await dialectOf(cluster)).scene(operation, namespace);
  const policies = (await cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace)).list();
  const { lost } = effectsOf(withPolicies(withoutGone(scene, policies, gone), made), name, undefined);
  // Where the operator looks after NICs, a resource that wants as many VFs as a policy leaves them to the policy.
  const keeps = (await cluster.deviceDialect()) === "own" ? declared : undefined;
  const going = lost
    .filter(({ match }) => keeps?.has(match.device) !== true)
    .map((effect) => ({ ...effect, change: withoutFreed(effect.change, freed) }));
  return nicImpacts(going, { onVfsInUse, usersKnown: await usersKnown(cluster, going) }).map(({ impact }) => impact);
}

/** The scene once those of these managers are gone, and with them what they want of policies and NICs. */
function withoutGone(
  { snapshot, nics }: PolicyScene,
  policies: readonly SriovNetworkNodePolicy[],
  gone: ReadonlySet<string> = new Set<string>(),
): PolicyScene {
  const removed = new Set(
    policies
      .filter((policy) => specOwners(policy).some((owner) => gone.has(owner) && isLastOwner(policy, owner, gone)))
      .map(({ metadata }) => metadata.name),
  );
  const left = snapshot.policies.filter((policy) => !removed.has(policy.name));
  const freed = ([key, nic]: [string, SceneNic]): [string, SceneNic] => [
    key,
    { ...nic, directOwners: nic.directOwners.filter((owner) => !gone.has(owner)) },
  ];
  return { snapshot: { ...snapshot, policies: left }, nics: new Map([...nics].map(freed)) };
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
