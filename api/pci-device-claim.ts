import type { KubeObject, ResourceType } from "./object.js";
import { DEVICES_API_VERSION } from "./names.js";

/**
 * Somebody's claim to hand a PCI device through to virtual machines. It has the name of its PCIDevice, and that device
 * as an owner, so that it goes with it.
 */
export interface PciDeviceClaim extends KubeObject {
  readonly spec: PciDeviceClaimSpec;
  readonly status?: PciDeviceClaimStatus;
}

export interface PciDeviceClaimSpec {
  readonly address: string;
  readonly nodeName: string;
  /** Who claims it. */
  readonly userName: string;
  /** The device is not to be offered in the pool of its kind. */
  readonly disableResourcePooling?: boolean;
}

export interface PciDeviceClaimStatus {
  /** The driver that the device had before, and gets back. */
  readonly kernelDriverToUnbind?: string;
  /** The device is bound to vfio-pci and offered to virtual machines. */
  readonly passthroughEnabled?: boolean;
}

export const PCI_DEVICE_CLAIM: ResourceType<PciDeviceClaim> = {
  apiVersion: DEVICES_API_VERSION,
  kind: "PCIDeviceClaim",
  plural: "pcideviceclaims",
  namespaced: false,
};
