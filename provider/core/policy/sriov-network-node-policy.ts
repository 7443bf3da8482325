import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { READY } from "../../../api/sriov-network-device.js";
import { messageOf } from "../../../kube/errors.js";
import { usedVfs } from "../../../plan/vf-count.js";
import { mintFieldManager } from "../field-manager.js";
import { tellTaken, tellUnready } from "../object-drift.js";
import { defaultNamespace } from "../object-place.js";
import { findObject, type ObjectOwner, UnsettledWrite } from "../owned-object.js";
import { dialectOf } from "./dialect-of.js";
import { NicsFailed } from "./nic-wait.js";
import { planChange, type PolicyChange, putBack, takeBack, type Undone, writePolicy } from "./policy-change.js";
import { checkPolicy } from "./policy-check.js";
import { foreseePolicyDelete } from "./policy-delete-foresight.js";
import type { PolicyInputs } from "./policy-inputs.js";
import type { PolicyResults } from "./policy-dialect.js";
import { diffPolicy, isDone, policyOutputs, type PolicyOutputs, refreshedSettings } from "./policy-outputs.js";
import { removePolicy } from "./policy-removal.js";
import { specOf } from "./policy-spec.js";
import { type Created, type Operation, PartialFailure, type Resource } from "../resource.js";

export { checkPolicy, diffPolicy };

/** The meaning of one SriovNetworkNodePolicy resource: VFs of all NICs that it selects, and the name by which pods ask for them. */
export const sriovNetworkNodePolicy: Resource<PolicyInputs, PolicyOutputs> = {
  reported: ["matchedDevices", "status", "fieldManager", "taken"],
  check: checkPolicy,
  diff: diffPolicy,
  create: createPolicy,
  read: readPolicy,
  update: updatePolicy,
  delete: deletePolicy,
  foreseeDelete: foreseePolicyDelete,
};

/** Makes the object, and returns once every NIC that it selects has its VFs. @throws {PartialFailure} */
export async function createPolicy(operation: Operation, inputs: PolicyInputs): Promise<Created<PolicyOutputs>> {
  const change = await planChange(operation, inputs);
  const owner = ownerOf(inputs, mintFieldManager(inputs.resourceUrn), operation);
  const made = await writePolicy(operation, undefined, change.wanted, owner).catch(withState(inputs, owner));
  const undo = (): Promise<Undone> => takeBack(operation, inputs, owner);
  return { id: idOf(made), outputs: await carryOut(operation, made, change, inputs, owner, undo) };
}

/** Changes the object, and returns once every NIC has what it is to have by then. @throws {PartialFailure} */
export async function updatePolicy(
  operation: Operation,
  _id: string,
  olds: Partial<PolicyOutputs>,
  inputs: PolicyInputs,
): Promise<PolicyOutputs> {
  const change = await planChange(operation, inputs);
  const { client } = operation.cluster;
  const live = await findObject(client, SRIOV_NETWORK_NODE_POLICY, change.wanted, operation.signal);
  if (live === undefined) operation.log.warn(`policy ${change.wanted.name} was deleted; it is made anew`);
  const owner = ownerOf(inputs, olds.fieldManager ?? mintFieldManager(inputs.resourceUrn), operation);
  const applied = await writePolicy(operation, live, change.wanted, owner);
  const undo = (): Promise<Undone> => putBack(operation, olds as PolicyInputs, owner);
  return carryOut(operation, applied, change, inputs, owner, undo);
}

/** The policy as it is, or undefined where it is gone. @throws {Error} where a lookup names one that is not there. */
export async function readPolicy(
  operation: Operation,
  id: string,
  olds: Partial<PolicyOutputs>,
): Promise<PolicyOutputs | undefined> {
  const { cluster, signal } = operation;
  await cluster.refuseStranger(olds.clusterUid);
  const place = await placeOf(operation, id);
  const policy = await findObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, place, signal);
  if (policy !== undefined) {
    const uid = await cluster.uid();
    const settings = { ...refreshedSettings(olds, policy), ...(uid !== undefined && { clusterUid: uid }) };
    const results = await (await dialectOf(cluster)).results(operation, policy);
    const taken = tellTaken(operation, SRIOV_NETWORK_NODE_POLICY, policy, specOf(olds), olds);
    const ready = policy.status?.conditions.find(({ type }) => type === READY);
    if (!isDone(results.status)) tellUnready(operation, SRIOV_NETWORK_NODE_POLICY, policy, ready, olds);
    return { ...policyOutputs(settings, policy, results, olds.fieldManager), ...taken };
  }
  // A lookup of a program has no state yet. Pulumi would take an empty answer to it for a policy without properties.
  if (olds.policyName !== undefined) return undefined;
  const { items } = await cluster.client.list(SRIOV_NETWORK_NODE_POLICY, { namespace: place.namespace, signal });
  const known = items.map(({ metadata }) => metadata.name).sort();
  throw new Error(
    `there is no SriovNetworkNodePolicy "${place.name}" in namespace "${place.namespace}"; it has ` +
      (known.length === 0 ? "none" : known.join(", ")),
  );
}

/** Deletes the object, and returns once no NIC has VFs that were its own. */
export async function deletePolicy(operation: Operation, id: string, olds: Partial<PolicyOutputs>): Promise<void> {
  await operation.cluster.refuseStranger(olds.clusterUid);
  const { name, namespace } = await placeOf(operation, id);
  await removePolicy(operation, { ...olds, policyName: name, namespace });
}

/** Throws the failure of a write, with a state to keep where the policy may be ours. */
function withState(inputs: PolicyInputs, { fieldManager }: ObjectOwner): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof UnsettledWrite)) throw error;
    const policy = error.object as SriovNetworkNodePolicy;
    const outputs = policyOutputs(inputs, policy, UNSEEN, fieldManager);
    throw new PartialFailure(idOf(policy), outputs, error.message, { cause: error });
  };
}

/** From the written object to NICs that have it. What fails from here on must leave a state behind. */
async function carryOut(
  operation: Operation,
  applied: SriovNetworkNodePolicy,
  { effects }: PolicyChange,
  inputs: PolicyInputs,
  owner: ObjectOwner,
  undo: () => Promise<Undone>,
): Promise<PolicyOutputs> {
  const { name, namespace = "" } = applied.metadata;
  const dialect = await dialectOf(operation.cluster);
  const outputs = async (settings: PolicyInputs): Promise<PolicyOutputs> => {
    const live =
      (await operation.cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace)).get(name, namespace) ?? applied;
    return policyOutputs(settings, live, await dialect.results(operation, live), owner.fieldManager);
  };
  try {
    await dialect.awaitReady(operation, applied);
    // VFs in use of a NIC that the policy selects no more stay until they are free: its permission does not reach there.
    const lost = (effects?.lost ?? []).filter(({ change }) => usedVfs(change).length === 0);
    await dialect.awaitReleased(
      operation,
      { name, namespace },
      lost.map(({ match }) => match.device),
    );
    return await outputs(inputs);
  } catch (error) {
    const refused = error instanceof NicsFailed && error.nics.some(({ state }) => state === "InUse");
    const undone: Undone = refused ? await undo() : { note: "", settings: inputs };
    const message = messageOf(error) + undone.note;
    if (undone.settings === undefined) throw new Error(message, { cause: error });
    const { settings } = undone;
    // Whatever cannot be seen any more, when time has run out say, the state is kept.
    const state = await outputs(settings).catch(() => policyOutputs(settings, applied, UNSEEN, owner.fieldManager));
    const done = !refused && error instanceof NicsFailed && error.nics.length < state.matchedDevices.length;
    const rest = done ? "\nWhat the other NICs were to get, they have." : "";
    throw new PartialFailure(idOf(applied), state, message + rest, { cause: error });
  }
}

const UNSEEN: PolicyResults = { matchedDevices: [], status: "" };

function idOf({ metadata }: SriovNetworkNodePolicy): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

/** An id is `<namespace>/<name>`; of a lookup, the name alone will do. */
async function placeOf({ cluster }: Operation, id: string): Promise<{ name: string; namespace: string }> {
  const [first = "", second] = id.split("/");
  return second === undefined
    ? { name: first, namespace: await defaultNamespace(cluster) }
    : { name: second, namespace: first };
}

function ownerOf(inputs: PolicyInputs, fieldManager: string, { signal }: Operation): ObjectOwner {
  return { fieldManager, urn: inputs.resourceUrn, force: inputs.forceConflicts ?? false, signal };
}
