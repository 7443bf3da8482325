import type { CustomResourceDefinition } from "../core.js";
import { SRIOV_NETWORK_DEVICE } from "../sriov-network-device.js";
import { column, definition } from "./definition.js";
import { boolean, conditions, integer, oneOf, PCI_ADDRESS, type Schema, string, strings } from "./schema.js";

export function sriovNetworkDeviceDefinition(): CustomResourceDefinition {
  return definition({
    type: SRIOV_NETWORK_DEVICE,
    shortNames: ["srnd"],
    columns: [
      column("Address", "string", ".spec.address"),
      column("Node", "string", ".spec.nodeName"),
      column("Interface", "string", ".status.interfaceName"),
      column("VFs", "integer", ".spec.numVFS"),
      column("Max", "integer", ".status.totalVFs"),
      column("Status", "string", '.status.conditions[?(@.type=="Ready")].reason'),
      column("Age", "date", ".metadata.creationTimestamp"),
    ],
    schema: {
      type: "object",
      description: "One SR-IOV capable NIC of one node.",
      required: ["spec"],
      properties: { spec: deviceSpecSchema(), status: deviceStatusSchema() },
      "x-kubernetes-validations": [
        {
          // Only when the count changes: a NIC whose maximum falls below its count must still be able to report it.
          rule: [
            "!has(self.spec.numVFS)",
            "!has(self.status) || !has(self.status.totalVFs)",
            "self.spec.numVFS <= self.status.totalVFs",
            "oldSelf.hasValue() && has(oldSelf.value().spec.numVFS) && oldSelf.value().spec.numVFS == self.spec.numVFS",
          ]
            .map((part) => `(${part})`)
            .join(" || "),
          optionalOldSelf: true,
          fieldPath: ".spec.numVFS",
          reason: "FieldValueInvalid",
          message: "numVFS must not be above status.totalVFs, the most VFs that the NIC supports",
        },
      ],
    },
  });
}

function deviceSpecSchema(): Schema {
  return {
    type: "object",
    required: ["address", "nodeName"],
    properties: {
      address: {
        ...string("PCI address of the physical function."),
        ...PCI_ADDRESS,
        "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "address is immutable" }],
      },
      nodeName: {
        ...string("Node that the NIC is in."),
        minLength: 1,
        "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "nodeName is immutable" }],
      },
      // Not required and with a default, so that the agent can create the object without owning the count, and so
      // that the count falls back to 0 when its last owner lets go of it.
      numVFS: { ...integer("How many virtual functions the NIC shall have."), default: 0 },
      mtu: { ...integer("MTU of the NIC's interface, in bytes; absent: left as it is."), minimum: 1 },
      vfGroups: {
        type: "array",
        description: "How the VFs are shared out, ordered by their first VF.",
        // One list with one owner: groups of two owners could overlap.
        "x-kubernetes-list-type": "atomic",
        items: vfGroupSchema(),
      },
    },
  };
}

function vfGroupSchema(): Schema {
  return {
    type: "object",
    required: ["resourceName", "policyName", "vfRange"],
    properties: {
      resourceName: string("Name of the VFs' pool, without the prefix."),
      policyName: string("SriovNetworkNodePolicy that they are for."),
      vfRange: { ...string("First and last VF: 0-3."), maxLength: 19, pattern: "^[0-9]{1,9}-[0-9]{1,9}$" },
      deviceType: oneOf("What drives the VFs; default netdevice.", ["netdevice", "vfio-pci"]),
      mtu: { ...integer("MTU of the VFs' interfaces, in bytes; absent: left as it is."), minimum: 1 },
      needVhostNet: boolean("Pods that get a VF get /dev/vhost-net as well."),
      excludeTopology: boolean("Do not tell the kubelet the NUMA node of the VFs."),
    },
  };
}

function deviceStatusSchema(): Schema {
  return {
    type: "object",
    properties: {
      status: {
        ...string("Whether the NIC has virtual functions."),
        enum: ["sriovNetworkDeviceEnabled", "sriovNetworkDeviceDisabled"],
      },
      vfAddresses: strings("PCI addresses of the virtual functions, in VF order."),
      vfPCIDevices: strings("Names of the virtual functions' PCIDevices, in VF order."),
      totalVFs: integer("The most virtual functions that the NIC supports."),
      interfaceName: string("Name of the NIC's network interface now."),
      vendorId: string("PCI vendor, four hex digits."),
      deviceId: string("PCI device, four hex digits."),
      driver: string("Kernel driver of the NIC."),
      macAddress: string("MAC address of the NIC."),
      linkState: string("operstate of the NIC's interface."),
      linkType: string("eth or ib; empty where the NIC has no interface."),
      mtu: integer("MTU of the NIC's interface, in bytes."),
      alternativeNames: strings("Other names of the NIC's interface, as the node's udev has them."),
      countManaged: boolean("Whether somebody has ever declared a count; until then the NIC keeps what it has."),
      virtualFunctions: { type: "array", items: virtualFunctionSchema() },
      observedGeneration: { type: "integer", format: "int64", description: "Generation that this status speaks of." },
      conditions: conditions(),
    },
  };
}

function virtualFunctionSchema(): Schema {
  return {
    type: "object",
    required: ["index", "address"],
    properties: {
      index: integer("Index of the VF on its NIC."),
      address: string("PCI address."),
      pciDevice: string("Name of its PCIDevice."),
      interfaceName: string("Name of its network interface, where it has one."),
      driver: string("Kernel driver that it is bound to."),
      macAddress: string("MAC address."),
      mtu: integer("MTU of its interface, in bytes."),
      iommuGroup: string("IOMMU group."),
      usedBy: string(
        "Who holds it: claims, virtual machines, pods, or an interface of the node. Absent while it is free.",
      ),
    },
  };
}
