import { isDeepStrictEqual } from "node:util";
import { pciDeviceName } from "../../../api/names.js";
import type { Condition } from "../../../api/object.js";
import {
  READY,
  ReadyReason,
  readyCondition,
  type SriovNetworkDevice,
  type SriovNetworkDeviceStatus,
  type VirtualFunctionStatus,
} from "../../../api/sriov-network-device.js";
import type { PhysicalFunction, VirtualFunction } from "../../kernel/kernel.js";
import type { Outcome } from "./configure.js";

/** The last phase: what the hardware is now, as a status. Pure; the clock is given. */
export function reportStatus(
  device: SriovNetworkDevice,
  nic: PhysicalFunction,
  outcome: Outcome,
  now: Date,
): SriovNetworkDeviceStatus {
  const virtualFunctions = nic.virtualFunctions.map((vf) => virtualFunctionStatus(device.spec.nodeName, vf));
  const port = nic.interfaces[0];
  return {
    status: nic.numVfs > 0 ? "sriovNetworkDeviceEnabled" : "sriovNetworkDeviceDisabled",
    vfAddresses: virtualFunctions.map((vf) => vf.address),
    vfPCIDevices: virtualFunctions.map((vf) => vf.pciDevice),
    totalVFs: nic.totalVfs,
    interfaceName: port?.name ?? "",
    vendorId: nic.vendorId,
    deviceId: nic.deviceId,
    driver: nic.driver ?? "",
    macAddress: port?.macAddress ?? "",
    linkState: port?.linkState ?? "",
    virtualFunctions,
    observedGeneration: device.metadata.generation ?? 1,
    conditions: [readyConditionFor(device, describeOutcome(outcome, nic), now)],
  };
}

/** Status of a device whose NIC is not there any more: nothing of its VFs is kept. */
export function reportGone(device: SriovNetworkDevice, now: Date): Partial<SriovNetworkDeviceStatus> {
  const message =
    `no SR-IOV device has the address ${device.spec.address} on ${device.spec.nodeName} any more. ` +
    `Put the NIC back, or delete this object.`;
  return {
    status: "sriovNetworkDeviceDisabled",
    vfAddresses: [],
    vfPCIDevices: [],
    virtualFunctions: [],
    observedGeneration: device.metadata.generation ?? 1,
    conditions: [readyConditionFor(device, { ready: false, reason: ReadyReason.DeviceGone, message }, now)],
  };
}

/** A new generation was seen and is being worked on; the rest of the status stays as it was. */
export function acknowledge(device: SriovNetworkDevice, now: Date): Partial<SriovNetworkDeviceStatus> {
  const message = `changing the count to ${device.spec.numVFS ?? 0}`;
  return {
    observedGeneration: device.metadata.generation ?? 1,
    conditions: [readyConditionFor(device, { ready: false, reason: ReadyReason.Configuring, message }, now)],
  };
}

/** Would writing `next` change anything? */
export function isReported(device: SriovNetworkDevice, next: Partial<SriovNetworkDeviceStatus>): boolean {
  const current: Readonly<Record<string, unknown>> = { ...device.status };
  return Object.entries(next).every(([field, value]) => isDeepStrictEqual(current[field], value));
}

interface Readiness {
  readonly ready: boolean;
  readonly reason: ReadyReason;
  readonly message: string;
}

function describeOutcome(outcome: Outcome, nic: PhysicalFunction): Readiness {
  const count = `${nic.numVfs} of ${nic.totalVfs} VFs`;
  switch (outcome.kind) {
    case "configured":
      return { ready: true, reason: ReadyReason.Configured, message: count };
    case "unmanaged":
      return { ready: true, reason: ReadyReason.Unmanaged, message: `nobody has set a count; the NIC keeps ${count}` };
    case "inUse":
      return { ready: false, reason: ReadyReason.InUse, message: outcome.message };
    case "tooMany":
      return { ready: false, reason: ReadyReason.TooManyVFs, message: outcome.message };
    case "notEligible":
      return { ready: false, reason: ReadyReason.NotEligible, message: outcome.message };
    case "kernelRefused":
      return { ready: false, reason: ReadyReason.KernelRefused, message: outcome.message };
  }
}

function readyConditionFor(device: SriovNetworkDevice, readiness: Readiness, now: Date): Condition {
  const status = readiness.ready ? "True" : "False";
  const previous = readyCondition(device);
  const unchanged = previous?.status === status;
  return {
    type: READY,
    status,
    reason: readiness.reason,
    message: readiness.message,
    observedGeneration: device.metadata.generation ?? 1,
    lastTransitionTime: unchanged ? previous.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, "Z"),
  };
}

function virtualFunctionStatus(nodeName: string, vf: VirtualFunction): VirtualFunctionStatus {
  const port = vf.interfaces[0];
  return {
    index: vf.index,
    address: vf.address,
    pciDevice: pciDeviceName(nodeName, vf.address),
    ...(port && { interfaceName: port.name }),
    ...(vf.driver !== undefined && { driver: vf.driver }),
    ...(port?.macAddress !== undefined && { macAddress: port.macAddress }),
    ...(vf.iommuGroup !== undefined && { iommuGroup: vf.iommuGroup }),
  };
}
