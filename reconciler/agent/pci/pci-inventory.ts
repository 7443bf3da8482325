import type { Logger } from "pino";
import type { PciListing } from "./node-listing.js";
import { NodePciDevices, type NodePciDevicesParts } from "./node-pci-devices.js";
import { PciDeviceObjects, type PciDeviceObjectsParts } from "./pci-device-objects.js";
import { PciDevices } from "./pci-devices.js";
import { findPciIds, PciIds } from "./pci-ids.js";

export interface PciInventoryOptions {
  /** Default `sriov`. */
  readonly pciDevices?: PciListing;
  /** The pci.ids database. Default: where distributions put it. */
  readonly pciIds?: string | undefined;
}

export interface PciInventoryParts
  extends PciDeviceObjectsParts, Pick<NodePciDevicesParts, "nodeName" | "kernel" | "devices"> {
  readonly log: Logger;
  readonly options: PciInventoryOptions;
}

/** All PCIDevices of one node, in two halves that never write the same object. */
export class PciInventory {
  /** The VFs of NICs that have a SriovNetworkDevice. */
  readonly ofNics: PciDevices;
  /** All others. */
  readonly ofNode: NodePciDevices;

  constructor(parts: PciInventoryParts) {
    const { nodeName, kernel, devices, log, options } = parts;
    const ids = new PciIds(options.pciIds ?? findPciIds(), (message) => log.warn(message));
    const objects = new PciDeviceObjects(parts);
    this.ofNics = new PciDevices(objects, ids);
    this.ofNode = new NodePciDevices({
      nodeName,
      listing: options.pciDevices ?? "sriov",
      kernel,
      ids,
      objects,
      devices,
    });
  }
}
