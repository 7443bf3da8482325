import type { DeviceType } from "./sriov-network-node-policy.js";
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
  /** Of the NIC's interface, in bytes; absent: left as it is. The controller's. */
  readonly mtu?: number;
  /** How the VFs are shared out, ordered by their first VF. The controller's. */
  readonly vfGroups?: readonly VfGroup[];
}

/** VFs of one NIC that have a policy, and so a pool, in common. Names are those of the operator's SriovNetworkNodeState. */
export interface VfGroup {
  /** Name of the pool, without prefix. */
  readonly resourceName: string;
  /** The policy that they are for. */
  readonly policyName: string;
  /** First and last VF: `0-3`. */
  readonly vfRange: string;
  /** Default `netdevice`. */
  readonly deviceType?: DeviceType;
  /** Of the VFs' interfaces, in bytes; absent: left as it is. */
  readonly mtu?: number;
  readonly needVhostNet?: boolean;
  readonly excludeTopology?: boolean;
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
  /** `eth` or `ib`; empty where the NIC has no interface. */
  readonly linkType?: string;
  /** Of the NIC's interface, in bytes. */
  readonly mtu?: number;
  /** Other names of the NIC's interface, as the node's udev has them; sorted. */
  readonly alternativeNames?: readonly string[];
  /**
   * Whether somebody has ever declared a count: until then the NIC keeps what it has. Stays true until the object goes.
   * Absent where an agent of before this field wrote the status.
   */
  readonly countManaged?: boolean;
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
  /** Of its interface, in bytes. */
  readonly mtu?: number;
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

/** The condition that is True while policies want the NIC otherwise than it is asked to be; absent else. */
export const POLICY_CONFLICT = "PolicyConflict";

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
  /** False: the NIC has its VFs, but VFs that should have another driver are in use, and were left as they are. */
  GroupsInUse: "GroupsInUse",
  /** False: the NIC has its VFs, but their PCIDevices could not be written; it is tried again. */
  NotListed: "NotListed",
  /** False: no device has this address on the node any more. */
  DeviceGone: "DeviceGone",
} as const;

export type ReadyReason = (typeof ReadyReason)[keyof typeof ReadyReason];

/** Has the agent seen no count declared yet? Whatever it says of the NIC then, it does not speak of the spec's count. */
export function isUnmanaged(device: SriovNetworkDevice): boolean {
  const { countManaged } = device.status ?? {};
  // An agent of before `countManaged` says it by the reason alone.
  return countManaged === undefined ? readyCondition(device)?.reason === ReadyReason.Unmanaged : !countManaged;
}

export function readyCondition(device: SriovNetworkDevice): Condition | undefined {
  return device.status?.conditions?.find((condition) => condition.type === READY);
}
