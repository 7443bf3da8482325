import { NAMESPACE } from "../../../api/core.js";
import { Annotation } from "../../../api/names.js";
import { isForbidden, isKindMissing, isNotFound } from "../../../kube/errors.js";
import { sriovCapability } from "../capability.js";
import type { Cluster } from "../cluster.js";
import { defaultNamespace } from "../object-place.js";
import type { InputFailure, Operation } from "../resource.js";
import { attachmentAt } from "./attachment-lookup.js";
import type { PartialNetworkInputs } from "./network-inputs.js";
import type { AttachmentPlace } from "./network-outputs.js";
import { foreignOwner, isAttachmentOf } from "./network-verdict.js";

/** What a look at the cluster tells of a network before it is made: why it cannot be, and what up would wait for. */

/** Where no node could use the network. Nodes that have not reported yet may. */
export async function capableFailure(
  { cluster, log }: Operation,
  inputs: PartialNetworkInputs,
): Promise<InputFailure | undefined> {
  if (inputs.requireCapableNode === false) return undefined;
  const { capable, nodes, unreported } = await sriovCapability(cluster);
  if (capable) return undefined;
  const names = nodes.map(({ nodeName }) => nodeName).join(", ");
  const none = "no node of the cluster has an SR-IOV capable NIC";
  if (nodes.length > 0 && unreported.length === 0) {
    const reason =
      `${none}; nodes that have reported: ${names}. Pods could not use the network. To make it all the same, set ` +
      `requireCapableNode: false.`;
    return { property: "requireCapableNode", reason };
  }
  const silent = unreported.length === 0 ? "no node can be seen" : `not reported yet: ${unreported.join(", ")}`;
  log.warn(`${none} as far as is known (${silent}). Pods cannot use the network until one has.`);
  return undefined;
}

/** The namespaces that the network and its attachment are to be in. */
export async function placeFailure(
  operation: Operation,
  inputs: PartialNetworkInputs,
): Promise<InputFailure | undefined> {
  const { cluster, log } = operation;
  const { namespace, attachmentNamespace } = inputs;
  if (namespace === undefined) return undefined;
  if (await isMissing(cluster, namespace)) {
    log.warn(
      `there is no namespace "${namespace}": up fails unless something that it makes first brings it (dependsOn).`,
    );
  }
  if (attachmentNamespace !== undefined && attachmentNamespace !== namespace) {
    if (await isMissing(cluster, attachmentNamespace)) {
      log.warn(`there is no namespace "${attachmentNamespace}", which the attachment belongs in: up waits for it.`);
    }
  }
  return (inputs.networkNamespace ?? "") === "" ? undefined : placementFailure(operation, inputs, namespace);
}

/** Only networks beside the operator, or the controller, may have their attachment elsewhere. */
async function placementFailure(
  { cluster, log }: Operation,
  { networkNamespace = "" }: PartialNetworkInputs,
  namespace: string,
): Promise<InputFailure | undefined> {
  const home = await defaultNamespace(cluster);
  const isOperators = (await cluster.dialect()) === "operator";
  if (namespace === home || (networkNamespace === namespace && !isOperators)) return undefined;
  const reason =
    `networkNamespace is only for networks in ${home}, the namespace of the ${isOperators ? "operator" : "reconciler"}, ` +
    `and this one is in ${namespace}`;
  if (isOperators) return { property: "networkNamespace", reason };
  // A reconciler may run in another namespace, which only its controller knows.
  log.warn(`${reason}. up fails unless the reconciler runs there.`);
  return undefined;
}

/** Somebody else's attachment, which nobody overwrites. */
export async function attachmentFailure(
  { cluster, log }: Operation,
  inputs: PartialNetworkInputs,
): Promise<InputFailure | undefined> {
  const { networkName, namespace, attachmentNamespace } = inputs;
  if (networkName === undefined || namespace === undefined || attachmentNamespace === undefined) return undefined;
  const place: AttachmentPlace = { name: networkName, namespace: attachmentNamespace };
  const attachment = await attachmentAt(cluster, place).catch((error: unknown) => {
    if (isForbidden(error)) return undefined;
    if (!isKindMissing(error)) throw error;
    log.warn("the cluster has no kind NetworkAttachmentDefinition, which Multus brings: up waits for it.");
    return undefined;
  });
  if (attachment === undefined || isAttachmentOf(attachment, { metadata: { name: networkName, namespace } })) {
    return undefined;
  }
  const what = `NetworkAttachmentDefinition ${place.namespace}/${place.name} is there already and ${foreignOwner(attachment)}`;
  if (
    (await cluster.dialect()) === "operator" &&
    attachment.metadata.annotations?.[Annotation.ownerRef] === undefined
  ) {
    log.warn(`${what}; the sriov-network-operator takes it over.`);
    return undefined;
  }
  return { property: "networkName", reason: `${what}. Delete it, or give the network another name.` };
}

async function isMissing(cluster: Cluster, namespace: string): Promise<boolean> {
  try {
    await cluster.client.get(NAMESPACE, namespace);
    return false;
  } catch (error) {
    if (isForbidden(error)) return false;
    if (isNotFound(error)) return true;
    throw error;
  }
}
