import type { KubeObject, ResourceType } from "./object.js";
import { DEVICES_API_VERSION } from "./names.js";

/** One PCI function of one node, as Harvester lists them; this project makes one for each VF. */
export interface PciDevice extends KubeObject {
  readonly spec?: Readonly<Record<string, never>>;
  readonly status?: PciDeviceStatus;
}

/** All strings, empty where the kernel has no such thing. */
export interface PciDeviceStatus {
  readonly address: string;
  readonly vendorId: string;
  readonly deviceId: string;
  /** Four hex digits, class and subclass: `0200` is an Ethernet controller. */
  readonly classId: string;
  readonly iommuGroup: string;
  readonly nodeName: string;
  readonly resourceName: string;
  readonly description: string;
  readonly kernelDriverInUse: string;
}

export const PCI_DEVICE: ResourceType<PciDevice> = {
  apiVersion: DEVICES_API_VERSION,
  kind: "PCIDevice",
  plural: "pcidevices",
  namespaced: false,
};
