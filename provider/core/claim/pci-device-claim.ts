import { ClaimReason, claimReady, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { messageOf, policyRefusal } from "../../../kube/errors.js";
import { claimResourceName } from "../../../plan/claims/resource-name.js";
import { isMintedFrom, mintFieldManager, quoteAll } from "../field-manager.js";
import { KindMissing } from "../missing-kind.js";
import { tellTaken, tellUnready } from "../object-drift.js";
import {
  findObject,
  makeObject,
  type ObjectOwner,
  type Removal,
  removeObject,
  setObject,
  UnsettledWrite,
  type WantedObject,
} from "../owned-object.js";
import { type Created, type Operation, PartialFailure, type Resource } from "../resource.js";
import { checkClaim } from "./claim-check.js";
import { foreseeClaimDelete } from "./claim-delete-foresight.js";
import { diffClaim } from "./claim-diff.js";
import type { ClaimInputs } from "./claim-inputs.js";
import { describeTaken, wantedClaim } from "./claim-object.js";
import { claimOutputs, type ClaimOutputs, type ClaimSight, liveSettings } from "./claim-outputs.js";
import { ClaimRefused, wasEnabled } from "./claim-verdict.js";
import { awaitEnabled, awaitReleased } from "./claim-wait.js";
import { claimedDevice, listedDevice } from "./claimed-device.js";

/** The meaning of one PciDeviceClaim resource: a claim that the resource makes, and the device in the hands of vfio. */
export const pciDeviceClaim: Resource<ClaimInputs, ClaimOutputs> = {
  reported: ["passthroughEnabled", "status", "fieldManager", "taken"],
  check: checkClaim,
  diff: diffClaim,
  create: createClaim,
  read: readClaim,
  update: updateClaim,
  delete: deleteClaim,
  foreseeDelete: foreseeClaimDelete,
};

/**
 * Makes the claim, and returns once the device is handed out. A claim that is refused is deleted again.
 *
 * @throws {PartialFailure}
 */
export async function createClaim(operation: Operation, inputs: ClaimInputs): Promise<Created<ClaimOutputs>> {
  const owner = ownerOf(operation, inputs, mintFieldManager(inputs.resourceUrn));
  const wanted = await wantedNow(operation, inputs);
  const { client } = operation.cluster;
  const made = makeObject(client, PCI_DEVICE_CLAIM, wanted, owner, describeTaken);
  const applied = await made.catch(withState(inputs, owner));
  return { id: wanted.name, outputs: await enabled(operation, applied, inputs, owner) };
}

/** Sets what the program says now; a claim that somebody deleted is made anew. @throws {PartialFailure} */
export async function updateClaim(
  operation: Operation,
  id: string,
  olds: Partial<ClaimOutputs>,
  inputs: ClaimInputs,
): Promise<ClaimOutputs> {
  const { cluster } = operation;
  const { client } = cluster;
  const owner = ownerOf(operation, inputs, olds.fieldManager ?? mintFieldManager(inputs.resourceUrn));
  const live = await findObject(client, PCI_DEVICE_CLAIM, { name: id }, operation.signal);
  const wanted = await wantedNow(operation, inputs);
  const isNamedAlike =
    olds.disableResourcePooling === inputs.disableResourcePooling &&
    olds.givenResourceName === inputs.givenResourceName;
  const isMadeAnew = !isNamedAlike && (await cluster.deviceDialect()) === "harvester";
  if (isMadeAnew) await unmake(operation, live, owner);
  const applied = await setObject(client, PCI_DEVICE_CLAIM, isMadeAnew ? undefined : live, wanted, owner);
  return enabled(operation, applied, inputs, owner);
}

/** Harvester's controller looks at a claim once: to be offered under another name, the device is given back first. */
async function unmake(operation: Operation, live: PciDeviceClaim | undefined, owner: ObjectOwner): Promise<void> {
  const removal = await removed(operation, live, owner);
  if (removal.kind === "deleted" && live !== undefined) await awaitReleased(operation, live);
}

/** Throws the failure of a write, with a state to keep where the claim may be ours. */
function withState(inputs: ClaimInputs, { fieldManager }: ObjectOwner): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof UnsettledWrite)) throw error;
    const claim = error.object as PciDeviceClaim;
    const outputs = claimOutputs({ claim, pciDevice: undefined, dialect: "own" }, inputs, fieldManager);
    throw new PartialFailure(claim.metadata.name, outputs, error.message, { cause: error });
  };
}

/** The claim is ours from here on, so whatever fails must leave a state behind, unless the claim is gone again. */
async function enabled(
  operation: Operation,
  applied: PciDeviceClaim,
  inputs: ClaimInputs,
  owner: ObjectOwner,
): Promise<ClaimOutputs> {
  const { name } = applied.metadata;
  try {
    const claim = await awaitEnabled(operation, applied, await nameOf(operation, applied));
    return claimOutputs(await sightOf(operation, claim), inputs, owner.fieldManager);
  } catch (error) {
    // What was handed out stays so; what never was must not lie in wait.
    const isRefused = error instanceof ClaimRefused && !wasEnabled(applied);
    const taken = isRefused ? await takeBack(operation, applied, owner) : undefined;
    const message = messageOf(error) + (taken?.note ?? "");
    if (taken?.gone === true) throw new Error(message, { cause: error });
    const claims = await operation.cluster.objects(PCI_DEVICE_CLAIM).catch(() => undefined);
    const live = claims?.get(name) ?? applied;
    // Whatever cannot be seen any more, when time has run out say, the state is kept.
    const dialect = await operation.cluster.deviceDialect().catch(() => "own" as const);
    const sight = await sightOf(operation, live).catch(() => ({ claim: live, pciDevice: undefined, dialect }));
    const outputs = claimOutputs(sight, inputs, owner.fieldManager);
    throw new PartialFailure(name, outputs, message, { cause: error });
  }
}

/** A refused claim must not lie in wait until the device is free. Never throws. */
async function takeBack(
  operation: Operation,
  applied: PciDeviceClaim,
  owner: ObjectOwner,
): Promise<{ readonly gone: boolean; readonly note: string }> {
  const { name } = applied.metadata;
  operation.log.status("deleting the refused claim again");
  try {
    const live = await findObject(operation.cluster.client, PCI_DEVICE_CLAIM, { name }, operation.signal);
    const removal = await removeObject(operation.cluster.client, PCI_DEVICE_CLAIM, live, owner);
    if (removal.kind !== "deleted" || live === undefined) return { gone: true, note: "" };
    await awaitReleased(operation, live);
    return { gone: true, note: " The claim was deleted again." };
  } catch (error) {
    return { gone: false, note: ` The claim could not be deleted again: ${messageOf(error)}` };
  }
}

/** The live claim, or undefined where it is gone. @throws {Error} where a lookup names one that is not there. */
export async function readClaim(
  operation: Operation,
  id: string,
  olds: Partial<ClaimOutputs>,
): Promise<ClaimOutputs | undefined> {
  const { cluster, signal } = operation;
  await cluster.refuseStranger(olds.clusterUid);
  const live = await findObject(cluster.client, PCI_DEVICE_CLAIM, { name: id }, signal);
  if (live !== undefined) {
    const uid = await cluster.uid();
    const settings = { ...liveSettings(live, olds), ...(uid !== undefined && { clusterUid: uid }) };
    const outputs = claimOutputs(await sightOf(operation, live), settings, olds.fieldManager);
    const taken = tellTaken(operation, PCI_DEVICE_CLAIM, live, claimSpec(live, olds), olds);
    if (outputs.status !== ClaimReason.Enabled) tellUnready(operation, PCI_DEVICE_CLAIM, live, claimReady(live), olds);
    return { ...outputs, ...taken };
  }
  // A lookup of a program has no state yet. Pulumi would take an empty answer to it for a claim without properties.
  if (olds.claimName !== undefined) return undefined;
  const known = (await cluster.client.list(PCI_DEVICE_CLAIM, { signal })).items.map(({ metadata }) => metadata.name);
  const names = known.length === 0 ? "none" : known.sort().join(", ");
  throw new Error(`there is no PCIDeviceClaim "${id}"; the cluster's are: ${names}`);
}

/** The fields of the claim that the resource has set. */
function claimSpec({ spec }: PciDeviceClaim, olds: Partial<ClaimOutputs>): Partial<PciDeviceClaim["spec"]> {
  const { disableResourcePooling, ...always } = spec;
  return olds.disableResourcePooling === undefined ? always : spec;
}

/** Deletes the claim, and returns once the device is back; where somebody else wants the claim too, only lets go of it. */
export async function deleteClaim(operation: Operation, id: string, olds: Partial<ClaimOutputs>): Promise<void> {
  const { cluster, log, signal } = operation;
  await cluster.refuseStranger(olds.clusterUid);
  const { fieldManager, resourceUrn = "" } = olds;
  const live = await liveOrGone(operation, id);
  // Without a manager of its own the resource was imported, and has set nothing since.
  const removal = await removed(operation, live, { fieldManager: fieldManager ?? "", signal });
  if (removal.kind === "deleted" && live !== undefined) await awaitReleased(operation, live);
  if (removal.kind !== "foreign") return;
  // Replaced by itself, as --replace does, the resource has let go already.
  if (fieldManager !== undefined && removal.owners.every((manager) => isMintedFrom(resourceUrn, manager))) return;
  log.warn(
    `PCIDeviceClaim ${id} stays: nothing of it was set by this resource, it is owned by field manager ` +
      `${quoteAll(removal.owners)}. To remove it: kubectl delete pcideviceclaim ${id}`,
  );
}

/** Without its kind there is no claim either. */
async function liveOrGone({ cluster, signal }: Operation, name: string): Promise<PciDeviceClaim | undefined> {
  try {
    return await findObject(cluster.client, PCI_DEVICE_CLAIM, { name }, signal);
  } catch (error) {
    if (error instanceof KindMissing) return undefined;
    throw error;
  }
}

/** @throws {Error} in the words of the guard where a guest has the device: nothing was changed. */
async function removed(
  { cluster }: Operation,
  live: PciDeviceClaim | undefined,
  owner: Pick<ObjectOwner, "fieldManager" | "signal">,
): Promise<Removal> {
  try {
    return await removeObject(cluster.client, PCI_DEVICE_CLAIM, live, owner);
  } catch (error) {
    const refusal = policyRefusal(error);
    if (refusal === undefined) throw error;
    throw new Error(`${live?.metadata.name ?? ""}: the claim was not deleted: ${refusal.message}`, { cause: error });
  }
}

async function wantedNow(operation: Operation, inputs: ClaimInputs): Promise<WantedObject> {
  const device = await claimedDevice(operation, inputs);
  if (device === undefined) throw new Error(`there is no PCIDevice "${inputs.pciDevice ?? ""}"`);
  const dialect = await operation.cluster.deviceDialect();
  // Harvester lists VFs up to half a minute after they are there.
  const isEarly = dialect === "harvester" && device.pciDevice === undefined;
  return wantedClaim(isEarly ? await listedDevice(operation, device) : device, inputs, dialect);
}

/** What the agent will offer the device under, where it is listed. */
async function nameOf(operation: Operation, claim: PciDeviceClaim): Promise<string | undefined> {
  const { status } = (await claimedDevice(operation, { pciDevice: claim.metadata.name }))?.pciDevice ?? {};
  const name = claimResourceName(claim, { resourceName: status?.resourceName ?? "" });
  return "resourceName" in name ? name.resourceName : undefined;
}

async function sightOf(operation: Operation, claim: PciDeviceClaim): Promise<ClaimSight> {
  const device = await claimedDevice(operation, { pciDevice: claim.metadata.name });
  return { claim, pciDevice: device?.pciDevice, dialect: await operation.cluster.deviceDialect() };
}

function ownerOf({ signal }: Operation, inputs: ClaimInputs, fieldManager: string): ObjectOwner {
  const { resourceUrn: urn, forceConflicts: force = false } = inputs;
  return { fieldManager, urn, force, signal };
}
