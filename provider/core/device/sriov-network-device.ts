import { isUnmanaged, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { isKindMissing, isNotFound } from "../../../kube/errors.js";
import { checkDevice } from "./device-check.js";
import { awaitRelease, setCount } from "./device-count.js";
import { diffDevice } from "./device-diff.js";
import type { DeviceInputs } from "./device-inputs.js";
import { foreseeDeviceDelete } from "./device-delete-foresight.js";
import { awaitDevice, deviceKey } from "./device-lookup.js";
import { type DeviceOutputs, presentVfs } from "./device-outputs.js";
import { readDevice } from "./device-read.js";
import { deviceDialectOf } from "./dialect-of.js";
import { mintFieldManager } from "../field-manager.js";
import { KindMissing } from "../missing-kind.js";
import { countField, type CountOwner, countOwners, describeOwners, foreignOwners } from "./field-ownership.js";
import type { Created, Operation, Resource } from "../resource.js";

export { checkDevice, diffDevice, readDevice };

/** The meaning of one SriovNetworkDevice resource: how many VFs one NIC has. */
export const sriovNetworkDevice: Resource<DeviceInputs, DeviceOutputs> = {
  reported: ["status", "vfAddresses", "vfPciDevices", "virtualFunctions", "fieldManager", "taken"],
  check: checkDevice,
  diff: diffDevice,
  create: createDevice,
  read: readDevice,
  update: updateDevice,
  delete: deleteDevice,
  foreseeDelete: foreseeDeviceDelete,
};

/** Adopts the object that the agent discovered, and returns once the NIC has its VFs. @throws {PartialFailure} */
export async function createDevice(operation: Operation, inputs: DeviceInputs): Promise<Created<DeviceOutputs>> {
  await devicesOrAdvice(operation);
  const device = await awaitDevice(operation, inputs);
  const owner = ownerOf(inputs, mintFieldManager(inputs.resourceUrn), operation);
  const outputs = await setCount(operation, device, inputs, owner);
  return { id: device.metadata.name, outputs };
}

/** Sets another count, or only takes over other settings. @throws {PartialFailure} */
export async function updateDevice(
  operation: Operation,
  id: string,
  olds: Partial<DeviceOutputs>,
  inputs: DeviceInputs,
): Promise<DeviceOutputs> {
  await devicesOrAdvice(operation);
  const device = await awaitDevice(operation, { nodeName: inputs.nodeName, ...deviceKey(olds, inputs) });
  if (device.metadata.name !== id) operation.log.warn(`${id} is called ${device.metadata.name} now`);
  const owner = ownerOf(inputs, olds.fieldManager ?? mintFieldManager(inputs.resourceUrn), operation);
  return setCount(operation, device, inputs, owner);
}

/** Lets go of the count, and returns once the VFs are gone, or at once where somebody else still wants them. */
export async function deleteDevice(operation: Operation, id: string, olds: Partial<DeviceOutputs>): Promise<void> {
  const { cluster, log, signal } = operation;
  await cluster.refuseStranger(olds.clusterUid);
  const dialect = await deviceDialectOf(cluster);
  try {
    const device = await dialect.live({ cluster, signal }, id);
    if (device.spec.address !== (olds.address ?? device.spec.address)) return;
    const { fieldManager } = olds;
    const disrupt = olds.onVfsInUse === "proceed";
    const released =
      fieldManager === undefined ? device : await dialect.release(operation, device, { fieldManager, disrupt });
    const kept = keptProblem(device, released, olds);
    if (kept !== undefined) log.warn(kept);
    else if (!stillOwned(released)) await awaitRelease(operation, device, released, olds);
  } catch (error) {
    // Neither without its kind nor without the object is there anything left to give back.
    if (!isNotFound(error)) throw error;
  }
}

async function devicesOrAdvice({ cluster }: Operation): Promise<void> {
  try {
    await cluster.devices();
  } catch (error) {
    if (!isKindMissing(error)) throw error;
    const { kind, kindAdvice } = await deviceDialectOf(cluster);
    throw new KindMissing(kind, error, kindAdvice);
  }
}

function stillOwned(device: SriovNetworkDevice): boolean {
  return countOwners(device).length > 0 && (device.spec.numVFS ?? 0) > 0;
}

/** Why the NIC keeps its VFs, or nothing where they go, or where another resource of Pulumi has taken them over. */
function keptProblem(
  before: SriovNetworkDevice,
  released: SriovNetworkDevice,
  olds: Partial<DeviceOutputs>,
): string | undefined {
  const { name } = released.metadata;
  if (stillOwned(released)) {
    const others = foreignOwners(released, undefined);
    if (others.length === 0) return undefined;
    const { owners, letGo } = describeOwners(released, others);
    return (
      `${name} keeps ${released.spec.numVFS ?? 0} VFs: ${owners} owns ${countField(released)} too. To remove them, ${letGo}, or set ` +
      `it to 0 with kubectl.`
    );
  }
  const wasOurs = countOwners(before).some((entry) => entry.manager === olds.fieldManager);
  const { numVfs } = presentVfs(released);
  if (wasOurs || numVfs === 0 || !isUnmanaged(released)) return undefined;
  return (
    `${name} was deleted and made anew since this resource set its count, and keeps ${numVfs} VFs that nobody manages. ` +
    `To remove them, set its ${countField(released)} to 1 and then to 0 with kubectl.`
  );
}

function ownerOf(inputs: DeviceInputs, fieldManager: string, { signal }: Operation): CountOwner {
  const disrupt = inputs.onVfsInUse === "proceed";
  return { fieldManager, urn: inputs.resourceUrn, force: inputs.forceConflicts ?? false, disrupt, signal };
}
