import { DEVICES_API_VERSION } from "./names.js";
import type { Condition, KubeObject, ResourceType } from "./object.js";
import { READY } from "./sriov-network-device.js";

/**
 * Somebody's claim to hand a PCI device through to virtual machines. It has the name of its PCIDevice, so that there is
 * one for a device, and that object as an owner, so that it goes with it.
 */
export interface PciDeviceClaim extends KubeObject {
  readonly spec: PciDeviceClaimSpec;
  /** Harvester's controller writes the first two fields of it, this project's agent all. */
  readonly status?: PciDeviceClaimStatus;
}

export interface PciDeviceClaimSpec {
  /** PCI address. Immutable. */
  readonly address: string;
  /** Immutable. */
  readonly nodeName: string;
  /** Who claims it. */
  readonly userName: string;
  /** Offer the device under a name of its own, not in the pool of its kind. Default false. */
  readonly disableResourcePooling?: boolean;
}

export interface PciDeviceClaimStatus {
  /** The driver that the device had before, and gets back; empty where it had none. */
  readonly kernelDriverToUnbind?: string;
  /** The device is bound to vfio-pci and offered to virtual machines. Stays true while a VF is away that is to come back so. */
  readonly passthroughEnabled?: boolean;
  /** Name under which the device is advertised: what `hostDevices` of a virtual machine ask for. */
  readonly resourceName?: string;
  /** The virtual machine or pod that has the device, in words; absent while nobody has. */
  readonly usedBy?: string;
  /** Which VF it is; absent on other functions. A claim never moves to another VF. */
  readonly virtualFunction?: ClaimedVirtualFunction;
  /** The generation that the rest of the status speaks of. */
  readonly observedGeneration?: number;
  /** `Ready`, with a {@link ClaimReason}. */
  readonly conditions?: readonly Condition[];
}

export interface ClaimedVirtualFunction {
  /** PCI address of the physical function. */
  readonly physicalFunction: string;
  readonly index: number;
}

export const PCI_DEVICE_CLAIM: ResourceType<PciDeviceClaim> = {
  apiVersion: DEVICES_API_VERSION,
  kind: "PCIDeviceClaim",
  plural: "pcideviceclaims",
  namespaced: false,
};

/** On claims that an agent has begun to carry out: the object stays until the device has its old driver again. */
export const CLAIM_FINALIZER = "devices.harvesterhci.io/release";

/** The driver that hands devices through to guests. */
export const VFIO_DRIVER = "vfio-pci";

/** Reasons of a claim's Ready condition. */
export const ClaimReason = {
  /** True: the device is bound to vfio-pci, and advertised where there is a kubelet. */
  Enabled: "Enabled",
  /** False: the agent has seen this generation and is at work on it. */
  Binding: "Binding",
  /** False: the node has no function at the address, or its VF is away; it is bound as soon as it is there (again). */
  DeviceAway: "DeviceAway",
  /** False: somebody other than the claim uses the device; nothing was changed. */
  InUse: "InUse",
  /** False: whoever knows who uses the device does not answer; nothing was changed. */
  UsersUnknown: "UsersUnknown",
  /** False: other devices of its IOMMU group, which must go with it, are in use; the message names them. */
  GroupInUse: "GroupInUse",
  /** False: the device has no IOMMU group, since the IOMMU is off or there is none. */
  NoIommu: "NoIommu",
  /** False: the kernel has no vfio-pci, and its module could not be loaded. */
  ModuleMissing: "ModuleMissing",
  /** False: a device that the node needs, a bridge, or a physical function that has VFs. */
  NotEligible: "NotEligible",
  /** False: an older claim is for the same device. */
  Duplicate: "Duplicate",
  /** False: no kubelet takes the name that the device is to be advertised under. */
  InvalidResourceName: "InvalidResourceName",
  /** False: the kernel refused, in its own words; it is tried again. */
  KernelRefused: "KernelRefused",
  /** False: the claim was deleted, and the device is being given back; or is not yet, since it is in use. */
  Releasing: "Releasing",
} as const;

export type ClaimReason = (typeof ClaimReason)[keyof typeof ClaimReason];

export function claimReady({ status }: PciDeviceClaim): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === READY);
}
