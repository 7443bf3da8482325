import type { CustomResourceDefinition } from "../core.js";
import { PCI_DEVICE } from "../pci-device.js";
import { column, definition } from "./definition.js";
import { type Schema, string } from "./schema.js";

export function pciDeviceDefinition(): CustomResourceDefinition {
  const field = (description: string): Schema => ({ ...string(description), nullable: true });
  return definition({
    type: PCI_DEVICE,
    shortNames: ["pcid"],
    columns: [
      column("Address", "string", ".status.address"),
      column("Vendor Id", "string", ".status.vendorId"),
      column("Device Id", "string", ".status.deviceId"),
      column("Node Name", "string", ".status.nodeName"),
      column("Description", "string", ".status.description"),
      column("Kernel Driver In Use", "string", ".status.kernelDriverInUse"),
    ],
    schema: {
      type: "object",
      description: "One PCI function of one node.",
      properties: {
        spec: { type: "object" },
        status: {
          type: "object",
          properties: {
            address: field("PCI address."),
            vendorId: field("PCI vendor, four hex digits."),
            deviceId: field("PCI device, four hex digits."),
            classId: field("PCI class and subclass, four hex digits."),
            iommuGroup: field("IOMMU group."),
            nodeName: field("Node that the device is in."),
            resourceName: field("Name under which the device is advertised to pods and VMs."),
            description: field("What the pci.ids database calls the device; its numbers where it has no entry."),
            kernelDriverInUse: field("Kernel driver that the device is bound to; empty while there is none."),
          },
        },
      },
    },
  });
}
