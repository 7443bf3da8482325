import { Annotation, CONTROLLER_FIELD_MANAGER, RECONCILER_NAMESPACE } from "../../../api/names.js";
import { NetworkReason, SRIOV_NETWORK, type SriovNetwork } from "../../../api/sriov-network.js";
import { isForbidden, isKindMissing, messageOf } from "../../../kube/errors.js";
import type { Cluster } from "../cluster.js";
import { mintFieldManager, quoteAll } from "../field-manager.js";
import { tellTaken, tellUnready } from "../object-drift.js";
import { defaultNamespace } from "../object-place.js";
import {
  findObject,
  makeObject,
  type ObjectOwner,
  removeObject,
  setObject,
  UnsettledWrite,
  type WantedObject,
} from "../owned-object.js";
import { type Created, type Operation, PartialFailure, type Resource } from "../resource.js";
import { attachmentAt } from "./attachment-lookup.js";
import { checkNetwork } from "./network-check.js";
import { foreseeNetworkDelete } from "./network-delete-foresight.js";
import { diffNetwork } from "./network-diff.js";
import type { NetworkInputs } from "./network-inputs.js";
import { attachmentPlace, liveSettings, type NetworkOutputs, networkOutputs, placeOf } from "./network-outputs.js";
import { networkSpec } from "./network-spec.js";
import { attachedVerdict, currentReady, operatorVerdict } from "./network-verdict.js";
import { awaitAttachment, awaitRemoval } from "./network-wait.js";

/** The meaning of one SriovNetwork resource: an object that the resource makes, and the attachment that becomes of it. */
export const sriovNetwork: Resource<NetworkInputs, NetworkOutputs> = {
  reported: ["status", "fieldManager", "taken"],
  check: checkNetwork,
  diff: diffNetwork,
  create: createNetwork,
  read: readNetwork,
  update: updateNetwork,
  delete: deleteNetwork,
  foreseeDelete: foreseeNetworkDelete,
};

/** Makes the network, and returns once its attachment is there. @throws {PartialFailure} */
export async function createNetwork(operation: Operation, inputs: NetworkInputs): Promise<Created<NetworkOutputs>> {
  const { client } = operation.cluster;
  const owner = ownerOf(operation, inputs, mintFieldManager(inputs.resourceUrn));
  const made = makeObject(client, SRIOV_NETWORK, await wantedNetwork(operation, inputs), owner);
  const applied = await made.catch(withState(inputs, owner));
  return { id: idOf(inputs), outputs: await attached(operation, applied, inputs, owner) };
}

/** Sets what the program says now; a network that somebody deleted is made anew. @throws {PartialFailure} */
export async function updateNetwork(
  operation: Operation,
  _id: string,
  olds: Partial<NetworkOutputs>,
  inputs: NetworkInputs,
): Promise<NetworkOutputs> {
  const { client } = operation.cluster;
  const owner = ownerOf(operation, inputs, olds.fieldManager ?? mintFieldManager(inputs.resourceUrn));
  const wanted = await wantedNetwork(operation, inputs);
  const live = await findObject(client, SRIOV_NETWORK, wanted, operation.signal);
  const applied = await setObject(client, SRIOV_NETWORK, live, wanted, owner);
  return attached(operation, applied, inputs, owner);
}

/** Throws the failure of a write, with a state to keep where the network may be ours. */
function withState(inputs: NetworkInputs, { fieldManager }: ObjectOwner): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof UnsettledWrite)) throw error;
    const outputs = networkOutputs(error.object as SriovNetwork, inputs, "", fieldManager);
    throw new PartialFailure(idOf(inputs), outputs, error.message, { cause: error });
  };
}

/** The network is ours from here on, so whatever fails must leave a state behind. */
async function attached(
  operation: Operation,
  applied: SriovNetwork,
  inputs: NetworkInputs,
  { fieldManager }: ObjectOwner,
): Promise<NetworkOutputs> {
  const { name, namespace } = applied.metadata;
  try {
    const network = await awaitAttachment(operation, applied);
    return networkOutputs(network, inputs, NetworkReason.Attached, fieldManager);
  } catch (error) {
    const networks = await operation.cluster.objects(SRIOV_NETWORK, namespace).catch(() => undefined);
    const live = networks?.get(name, namespace) ?? applied;
    const outputs = networkOutputs(live, inputs, unattachedStatus(live), fieldManager);
    throw new PartialFailure(idOf(inputs), outputs, messageOf(error), { cause: error });
  }
}

/** The live network, or undefined where it is gone. @throws {Error} where a lookup names one that is not there. */
export async function readNetwork(
  operation: Operation,
  id: string,
  olds: Partial<NetworkOutputs>,
): Promise<NetworkOutputs | undefined> {
  const { cluster, signal } = operation;
  await cluster.refuseStranger(olds.clusterUid);
  const key = await keyOf(cluster, id);
  const live = await findObject(cluster.client, SRIOV_NETWORK, key, signal);
  // A lookup of a program has no state yet. Pulumi would take an empty answer to it for a network without properties.
  if (live === undefined && olds.networkName === undefined) throw await noSuchNetwork(cluster, key);
  if (live === undefined) return undefined;
  const uid = await cluster.uid();
  const settings = { ...liveSettings(live, olds), ...(uid !== undefined && { clusterUid: uid }) };
  const status = await statusOf(cluster, live, olds.status);
  const taken = tellTaken(operation, SRIOV_NETWORK, live, networkSpec(olds), olds, [CONTROLLER_FIELD_MANAGER]);
  if (status !== NetworkReason.Attached) tellUnready(operation, SRIOV_NETWORK, live, currentReady(live), olds);
  return { ...networkOutputs(live, settings, status, olds.fieldManager), ...taken };
}

/** Deletes the network, and returns once its attachment is gone; where somebody else wants the network too, only lets go of it. */
export async function deleteNetwork(operation: Operation, id: string, olds: Partial<NetworkOutputs>): Promise<void> {
  const { cluster, log, signal } = operation;
  await cluster.refuseStranger(olds.clusterUid);
  if (!(await cluster.networkKinds()).has(SRIOV_NETWORK.plural)) return;
  const key = await keyOf(cluster, id);
  const live = await findObject(cluster.client, SRIOV_NETWORK, key, signal);
  // Without a manager of its own the resource was imported, and has set nothing since.
  const { fieldManager = "" } = olds;
  const removal = await removeObject(cluster.client, SRIOV_NETWORK, live, { fieldManager, signal });
  if (removal.kind === "released") return;
  if (removal.kind === "foreign") {
    log.warn(
      `SriovNetwork ${id} stays: nothing of it is this resource's, it is owned by field manager ` +
        `${quoteAll(removal.owners)}. To remove it: kubectl delete -n ${key.namespace} sriovnetworks ${key.name}`,
    );
    return;
  }
  const place = live === undefined ? attachmentPlace(key.name, key.namespace, olds.networkNamespace) : placeOf(live);
  await awaitRemoval(operation, live ?? { metadata: key }, place);
}

async function wantedNetwork({ cluster }: Operation, inputs: NetworkInputs): Promise<WantedObject> {
  const { networkName: name, namespace, policy } = inputs;
  const spec = { ...networkSpec(inputs) };
  // Only policies beside the controller count for it; the operator knows no such annotation.
  const isFollowed = policy?.namespace === RECONCILER_NAMESPACE && (await cluster.dialect()) === "own";
  return { name, namespace, spec, ...(isFollowed && { annotations: { [Annotation.policy]: policy.policyName } }) };
}

function ownerOf({ signal }: Operation, inputs: NetworkInputs, fieldManager: string): ObjectOwner {
  const { resourceUrn: urn, forceConflicts: force = false } = inputs;
  // The controller has set the resource name to the policy's, which the program says too.
  return { fieldManager, urn, force, overruled: [CONTROLLER_FIELD_MANAGER], signal };
}

/** As of one look: `Attached`, or why not. `known`: as it was known so far. */
async function statusOf(cluster: Cluster, network: SriovNetwork, known = ""): Promise<string> {
  try {
    const attachment = await attachmentAt(cluster, placeOf(network));
    const sight = { network, attachment };
    const isOperators = (await cluster.dialect()) === "operator";
    const { state } = isOperators ? operatorVerdict(sight, network) : attachedVerdict(sight, network);
    return state === "satisfied" ? NetworkReason.Attached : unattachedStatus(network);
  } catch (error) {
    if (!isForbidden(error) && !isKindMissing(error)) throw error;
    // Who may not see attachments, or has none to see, has the controller's word; older operators give none.
    const ready = currentReady(network);
    if (ready !== undefined) return ready.status === "True" ? NetworkReason.Attached : ready.reason;
    return isForbidden(error) && (await cluster.dialect()) === "operator" ? known : "";
  }
}

function unattachedStatus(network: SriovNetwork): string {
  const reason = currentReady(network)?.reason ?? "";
  return reason === NetworkReason.Attached ? "" : reason;
}

interface NetworkKey {
  readonly name: string;
  readonly namespace: string;
}

function idOf({ namespace, networkName }: NetworkInputs): string {
  return `${namespace}/${networkName}`;
}

/** Of an id, or of what somebody takes for one: a name alone is one of the default namespace. */
async function keyOf(cluster: Cluster, id: string): Promise<NetworkKey> {
  const [first = "", name] = id.split("/");
  return name === undefined ? { namespace: await defaultNamespace(cluster), name: first } : { namespace: first, name };
}

async function noSuchNetwork(cluster: Cluster, { namespace, name }: NetworkKey): Promise<Error> {
  const networks = (await cluster.client.list(SRIOV_NETWORK)).items;
  const known = networks.map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`).sort();
  return new Error(
    `there is no SriovNetwork "${namespace}/${name}"; the cluster's are: ${known.length === 0 ? "none" : known.join(", ")}`,
  );
}
