import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import type { Impact } from "../../../plan/impact/impact.js";
import { KindMissing } from "../missing-kind.js";
import { findObject, isLastOwner } from "../owned-object.js";
import type { Beside, Operation } from "../resource.js";
import { attachedPods } from "./attached-pods.js";
import type { NetworkInputs } from "./network-inputs.js";
import { networkImpact } from "./network-impact.js";
import type { NetworkOutputs } from "./network-outputs.js";

/** What a delete of the resource would do now: pods that run keep their interfaces, and only new ones find no network. */
export async function foreseeNetworkDelete(
  { cluster, signal }: Operation,
  id: string,
  olds: Partial<NetworkOutputs>,
  { successors = [], gone }: Beside<NetworkInputs> = {},
): Promise<readonly Impact[]> {
  await cluster.refuseStranger(olds.clusterUid);
  if (successors.some((other) => `${other.namespace ?? ""}/${other.networkName ?? ""}` === id)) return [];
  const { networkName: name = "", namespace = "", networkAttachmentDefinition: attachment, fieldManager = "" } = olds;
  const live = await findObject(cluster.client, SRIOV_NETWORK, { name, namespace }, signal).catch((error: unknown) => {
    if (error instanceof KindMissing) return undefined;
    throw error;
  });
  if (live === undefined || !isLastOwner(live, fieldManager, gone)) return [];
  const attached = attachment === undefined ? undefined : await attachedPods(cluster, attachment);
  const pods = attached?.known === true ? attached.pods.map(({ pod }) => `pod ${pod}`) : [];
  const change =
    pods.length === 0
      ? "deleted"
      : `deleted; ${pods.join(", ")} keep${pods.length === 1 ? "s" : ""} it until started anew`;
  return [networkImpact(id, change)];
}
