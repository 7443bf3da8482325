import type { Condition, KubeObject, ResourceType } from "./object.js";
import { DEVICES_API_VERSION } from "./names.js";

/**
 * One SR-IOV capable NIC of one node. The node's agent creates it and reports its status; whoever wants virtual
 * functions sets `spec.numVFS`.
 */
export interface SriovNetworkDevice extends KubeObject {
  readonly spec: SriovNetworkDeviceSpec;
  /** Whole where this project's agent wrote it; other controllers leave parts out. */
  readonly status?: Partial<SriovNetworkDeviceStatus>;
}

export interface SriovNetworkDeviceSpec {
  /** PCI address of the physical function, such as `0000:04:00.0`. Immutable. */
  readonly address: string;
  /** Immutable. */
  readonly nodeName: string;
  /** How many virtual functions the NIC shall have; 0 by default. Never written by the agent. */
  readonly numVFS?: number;
}

export interface SriovNetworkDeviceStatus {
  readonly status: EnabledState;
  /** PCI addresses in VF order. */
  readonly vfAddresses: readonly string[];
  /** Names of the VFs' PCIDevice objects, in VF order. */
  readonly vfPCIDevices: readonly string[];
  readonly totalVFs: number;
  readonly interfaceName: string;
  readonly vendorId: string;
  readonly deviceId: string;
  readonly driver: string;
  readonly macAddress: string;
  readonly linkState: string;
  readonly virtualFunctions: readonly VirtualFunctionStatus[];
  /** The generation that the rest of the status speaks of. */
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
}

export interface VirtualFunctionStatus {
  readonly index: number;
  readonly address: string;
  /** Name of its PCIDevice object. */
  readonly pciDevice: string;
  /** May change late, or be absent where a driver other than a network driver holds the VF. */
  readonly interfaceName?: string;
  readonly driver?: string;
  readonly macAddress?: string;
  readonly iommuGroup?: string;
  /** Who holds it, several joined with ", ": claims, virtual machines, pods, an interface of the node. Absent while it is free. */
  readonly usedBy?: string;
}

/** Harvester's words; never empty with this project's agent. */
export type EnabledState = "sriovNetworkDeviceEnabled" | "sriovNetworkDeviceDisabled";

export const SRIOV_NETWORK_DEVICE: ResourceType<SriovNetworkDevice> = {
  apiVersion: DEVICES_API_VERSION,
  kind: "SriovNetworkDevice",
  plural: "sriovnetworkdevices",
  namespaced: false,
};

/** The condition that says whether the hardware is as the object's generation wants it. */
export const READY = "Ready";

/** The condition that says whether the NIC may be changed at all, or is the node's own. */
export const ELIGIBLE = "Eligible";

/** Reasons of the Ready condition. */
export const ReadyReason = {
  /** True: the NIC has the VFs that the spec asks for. */
  Configured: "Configured",
  /** True: nobody has set a count yet, and the NIC keeps what it has. */
  Unmanaged: "Unmanaged",
  /** False: the agent has seen this generation and is at work on it. */
  Configuring: "Configuring",
  /** False: VFs that are in use would be destroyed; nothing was changed. */
  InUse: "InUse",
  /** False: the count is above what the NIC supports. */
  TooManyVFs: "TooManyVFs",
  /** False: the kernel refused the change, in its own words; it is tried again. */
  KernelRefused: "KernelRefused",
  /** False: the NIC has become the node's own, for management say; it keeps what it has. */
  NotEligible: "NotEligible",
  /** False: VFs would be destroyed, and whoever knows who uses them does not answer; nothing was changed. */
  UsersUnknown: "UsersUnknown",
  /** False: the NIC has its VFs, but their PCIDevices could not be written; it is tried again. */
  NotListed: "NotListed",
  /** False: no device has this address on the node any more. */
  DeviceGone: "DeviceGone",
} as const;

export type ReadyReason = (typeof ReadyReason)[keyof typeof ReadyReason];

export function readyCondition(device: SriovNetworkDevice): Condition | undefined {
  return device.status?.conditions?.find((condition) => condition.type === READY);
}
