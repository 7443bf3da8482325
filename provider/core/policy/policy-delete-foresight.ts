import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import type { Impact } from "../../../plan/impact/impact.js";
import { KindMissing } from "../missing-kind.js";
import { findObject, isLastOwner } from "../owned-object.js";
import type { Operation } from "../resource.js";
import { dialectOf } from "./dialect-of.js";
import { effectsOf } from "./policy-effects.js";
import { nicImpacts } from "./policy-impact.js";
import type { PolicyOutputs } from "./policy-outputs.js";

/** What a delete of the resource would do now, NIC by NIC. A policy that another resource wants too stays. */
export async function foreseePolicyDelete(
  operation: Operation,
  _id: string,
  olds: Partial<PolicyOutputs>,
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
  const scene = await (await dialectOf(cluster)).scene(operation, namespace);
  const usersKnown = (await cluster.dialect()) === "own";
  const { lost } = effectsOf(scene, name, undefined);
  return nicImpacts(lost, { onVfsInUse, usersKnown }).map(({ impact }) => impact);
}
