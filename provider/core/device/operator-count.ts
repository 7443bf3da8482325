import { isPolicyFieldManager } from "../../../api/names.js";
import { isUnmanaged, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../../api/sriov-network-node-state.js";
import { planVfCount, usedVfs } from "../../../plan/vf-count.js";
import {
  findObject,
  makeObject,
  ObjectConflict,
  type ObjectOwner,
  removeObject,
  setObject,
  specOwners,
  type WantedObject,
} from "../owned-object.js";
import type { Operation } from "../resource.js";
import type { Released } from "./device-dialect.js";
import { presentVfs } from "./device-outputs.js";
import { describeUsed, DisruptionRefused } from "./disruption.js";
import { type CountOwner, conflictMessage, countOwners, OwnershipConflict } from "./field-ownership.js";
import { type NicPolicy, nicPolicyName, wantedNicPolicy } from "./operator-nic-policy.js";
import { rivalsOf } from "./operator-rivals.js";
import { vfUsers } from "./operator-users.js";
import { operatorView, stateNamespace } from "./operator-view.js";

/**
 * Makes, changes or deletes the NIC's own policy, so that the operator gives it this many VFs.
 *
 * @throws {OwnershipConflict | DisruptionRefused} Nothing was changed.
 */
export async function takeNic(
  operation: Operation,
  device: SriovNetworkDevice,
  numVfs: number,
  owner: CountOwner,
): Promise<SriovNetworkDevice> {
  const policy = await nicPolicy(operation, device);
  const rivals = await rivalsOf(operation, device);
  if (policy.live === undefined && rivals.names.length > 0 && rivals.numVfs === numVfs) {
    // Two who ask for the same number are no conflict. A policy of its own would only take the VFs out of the others' pools.
    return device;
  }
  const isOverruling = owner.force && numVfs > 0;
  if (rivals.names.length > 0 && !isOverruling) throw new OwnershipConflict(rivals.conflict(numVfs));
  const insistence = rivals.insistence(numVfs);
  if (insistence !== undefined) throw new OwnershipConflict(`${insistence} Nothing was changed.`);
  await refuseDisruption(operation, device, numVfs, owner.disrupt);
  if (numVfs === 0) await removeNicPolicy(operation, device, policy, owner);
  else await writeNicPolicy(operation, wantedNicPolicy(device, numVfs, policy, rivals.labels), policy, device, owner);
  return current(operation, device);
}

/**
 * Lets go of the NIC: its policy goes with the last resource that wants it.
 *
 * @throws {DisruptionRefused} Nothing was changed.
 */
export async function releaseNic(
  operation: Operation,
  device: SriovNetworkDevice,
  { fieldManager, disrupt }: Released,
): Promise<SriovNetworkDevice> {
  const policy = await nicPolicy(operation, device);
  const owners = policy.live === undefined ? [] : specOwners(policy.live);
  if (owners.length === 1 && owners[0] === fieldManager) await refuseDisruption(operation, device, 0, disrupt);
  await remove(operation, policy, fieldManager);
  return current(operation, device);
}

async function nicPolicy({ cluster, signal }: Operation, { spec }: SriovNetworkDevice): Promise<NicPolicy> {
  const namespace = stateNamespace((await cluster.objects(SRIOV_NETWORK_NODE_STATE)).list()) ?? "";
  const place = { name: nicPolicyName(spec.nodeName, spec.address), namespace };
  return { namespace, live: await findObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, place, signal) };
}

async function writeNicPolicy(
  { cluster }: Operation,
  wanted: WantedObject,
  { live, namespace }: NicPolicy,
  device: SriovNetworkDevice,
  count: CountOwner,
): Promise<void> {
  const { fieldManager, urn, force, signal } = count;
  const owner: ObjectOwner = { fieldManager, urn, force, signal };
  const isOurs = live !== undefined && specOwners(live).includes(fieldManager);
  try {
    const written = isOurs
      ? await setObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, live, wanted, owner)
      : await makeObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, wanted, owner);
    (await cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace)).observe(written);
  } catch (error) {
    if (!(error instanceof ObjectConflict)) throw error;
    throw new OwnershipConflict(foreignCount(device, Number(wanted.spec.numVfs), fieldManager), { cause: error });
  }
}

/** The operator knows no policy of no VFs: a NIC that no policy selects has none. */
async function removeNicPolicy(
  operation: Operation,
  device: SriovNetworkDevice,
  policy: NicPolicy,
  { fieldManager, force }: CountOwner,
): Promise<void> {
  const { live, namespace } = policy;
  if (live === undefined) {
    const problem = undeclaredProblem(device);
    if (problem !== undefined) throw new OwnershipConflict(`${problem} Nothing was changed.`);
    return;
  }
  const others = specOwners(live).filter((manager) => manager !== fieldManager);
  if (others.length > 0 && !force) throw new OwnershipConflict(foreignCount(device, 0, fieldManager));
  if (others.length === 0) {
    await remove(operation, policy, fieldManager);
    return;
  }
  await operation.cluster.client.delete(SRIOV_NETWORK_NODE_POLICY, live.metadata.name, {
    namespace,
    uid: live.metadata.uid,
    signal: operation.signal,
  });
  (await operation.cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace)).forget(live);
}

/** Why the NIC cannot be brought to no VFs, or nothing. */
export function undeclaredProblem(device: SriovNetworkDevice): string | undefined {
  const { numVfs } = presentVfs(device);
  if (!isUnmanaged(device)) return undefined;
  return (
    `${device.metadata.name} has ${numVfs} VFs that no policy asks for, and the sriov-network-operator takes away only VFs ` +
    `that it has made. Set numVfs to ${numVfs} first, and to 0 then, or write 0 to sriov_numvfs on the node.`
  );
}

async function remove(
  { cluster, signal }: Operation,
  { live, namespace }: NicPolicy,
  fieldManager: string,
): Promise<void> {
  if (live === undefined) return;
  const removal = await removeObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, live, { fieldManager, signal });
  const policies = await cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace);
  if (removal.kind === "deleted" || removal.kind === "gone") policies.forget(live);
  else {
    const { name } = live.metadata;
    policies.observe(
      (await findObject(cluster.client, SRIOV_NETWORK_NODE_POLICY, { name, namespace }, signal)) ?? live,
    );
  }
}

/** Whose count it is, beside this resource's and the policies'. */
function foreignCount(device: SriovNetworkDevice, numVfs: number, fieldManager: string): string {
  const others = countOwners(device)
    .map(({ manager }) => manager ?? "unknown")
    .filter((manager) => manager !== fieldManager && !isPolicyFieldManager(manager));
  return conflictMessage(device, numVfs, others.length === 0 ? ["unknown"] : others, "refused");
}

/** Nothing refuses it here: the operator evicts the pods of the node, and goes on. */
async function refuseDisruption(
  { cluster, log }: Operation,
  device: SriovNetworkDevice,
  numVfs: number,
  disrupt: boolean,
): Promise<void> {
  const plan = planVfCount(presentVfs(device), numVfs);
  if (disrupt || plan.destroyed.length === 0) return;
  const { name } = device.metadata;
  if ((await vfUsers(cluster)) === undefined) {
    log.warn(`${name}: who uses its VFs cannot be told, since these credentials may not list pods`);
    return;
  }
  const live = (await operatorView(cluster)).get(name) ?? device;
  const used = usedVfs(planVfCount(presentVfs(live), numVfs));
  if (used.length === 0) return;
  throw new DisruptionRefused(
    `${name}: numVfs was not changed from ${plan.from} to ${numVfs}: ${describeUsed(used)}. Nothing was changed. ` +
      OPERATOR_WAYS_OUT,
  );
}

/** The operator asks nobody's leave to destroy. */
export const OPERATOR_WAYS_OUT = `Release them, or set onVfsInUse: "proceed": the sriov-network-operator then evicts what uses them.`;

/** The NIC as it is after a write; one that only its policy told of goes with that. */
async function current({ cluster }: Operation, device: SriovNetworkDevice): Promise<SriovNetworkDevice> {
  const known = (await operatorView(cluster)).get(device.metadata.name);
  if (known !== undefined) return known;
  const { vfGroups: _groups, ...spec } = device.spec;
  return {
    metadata: { ...device.metadata, managedFields: [] },
    spec: { ...spec, numVFS: 0 },
    status: { ...device.status, virtualFunctions: [], vfAddresses: [] },
  };
}
