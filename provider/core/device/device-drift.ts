import { ReadyReason, readyCondition, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { type DeviceOutputs, presentVfs } from "./device-outputs.js";
import { HARVESTER_NETWORK_DEVICE } from "./harvester-object.js";
import { countField, countOwners, describeOwners } from "./field-ownership.js";

/** What has become of a NIC since a resource set its count. Pure functions of the NIC as it is now. */

/**
 * The count that a refreshed state has. As long as the number that is asked for is the resource's own, what is there tells
 * more than what it has asked for itself: VFs may be missing in the kernel.
 */
export function liveCount(device: SriovNetworkDevice, fieldManager: string | undefined): number {
  const asked = device.spec.numVFS ?? 0;
  return owns(device, fieldManager) && isOtherwise(device) ? presentVfs(device).numVfs : asked;
}

/** Has somebody taken the count from the resource that had set it, or was the object made anew? */
export function isTaken(device: SriovNetworkDevice, fieldManager: string | undefined): boolean {
  return fieldManager !== undefined && !owns(device, fieldManager);
}

/** Warnings, each a paragraph: what is otherwise than the resource has left it, whose doing it is, and what to do about it. */
export function describeDrift(device: SriovNetworkDevice, olds: Partial<DeviceOutputs>): readonly string[] {
  // Whoever only looks at a NIC, or was imported and has set nothing since, asks for nothing that could be otherwise.
  if (olds.fieldManager === undefined) return [];
  return [describeTaken(device, olds), describeHardware(device)].filter((words) => words !== undefined);
}

function describeTaken(device: SriovNetworkDevice, olds: Partial<DeviceOutputs>): string | undefined {
  if (!isTaken(device, olds.fieldManager)) return undefined;
  const { name } = device.metadata;
  const field = countField(device);
  const managers = countOwners(device).map(({ manager }) => manager ?? "unknown");
  if (managers.length === 0) {
    return (
      `${name}: nobody asks for a VF count any more: the object was made anew since this resource set it, or the count was ` +
      `taken out of it. up sets it again.`
    );
  }
  const { owners, letGo } = describeOwners(device, managers);
  const found = `${name}: ${field} is ${device.spec.numVFS ?? 0} and owned by ${owners}, no longer by this resource.`;
  if (olds.forceConflicts === true) return `${found} up takes the number back, since forceConflicts is true.`;
  return `${found} To take the number back, set forceConflicts: true, or ${letGo}.`;
}

function describeHardware(device: SriovNetworkDevice): string | undefined {
  const { name } = device.metadata;
  const ready = readyCondition(device);
  if (ready?.reason === ReadyReason.DeviceGone) {
    const words = ready.message.replace(/\.$/, "");
    return `${name} is gone: ${words}. Without the resource in the program, up lets go of the NIC.`;
  }
  if (!isOtherwise(device)) return undefined;
  const why = ready === undefined ? "" : ` (${ready.reason}: ${ready.message.replace(/\.$/, "")})`;
  const { numVfs } = presentVfs(device);
  return (
    `${name} has ${numVfs} ${numVfs === 1 ? "VF" : "VFs"} on node ${device.spec.nodeName}, where ${countField(device)} asks for ` +
    `${device.spec.numVFS ?? 0}${why}. up asks for them again, and waits until they are there.`
  );
}

/** Whoever looks after the NIC has seen what it is asked for, and it has another number of VFs. */
function isOtherwise(device: SriovNetworkDevice): boolean {
  const { metadata, spec, status } = device;
  // Harvester's controller says nothing before it is through, and where it fails it never is.
  const answered = isHarvesters(device) || (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return answered && readyCondition(device)?.status === "False" && presentVfs(device).numVfs !== (spec.numVFS ?? 0);
}

function isHarvesters({ kind }: SriovNetworkDevice): boolean {
  return kind === HARVESTER_NETWORK_DEVICE.kind;
}

function owns(device: SriovNetworkDevice, fieldManager: string | undefined): boolean {
  return countOwners(device).some(({ manager }) => manager === fieldManager);
}
