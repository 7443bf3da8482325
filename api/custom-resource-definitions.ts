import type { CustomResourceDefinition } from "./core.js";
import { CUSTOM_RESOURCE_DEFINITION } from "./core.js";
import { DEVICES_GROUP } from "./names.js";

/** The CustomResourceDefinitions that this project ships; `api/manifests/` holds the same as YAML. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return [sriovNetworkDeviceDefinition(), pciDeviceDefinition()];
}

type Schema = Readonly<Record<string, unknown>>;

const string = (description: string): Schema => ({ type: "string", description });
const integer = (description: string): Schema => ({ type: "integer", format: "int64", minimum: 0, description });
const strings = (description: string): Schema => ({ type: "array", description, items: { type: "string" } });

function sriovNetworkDeviceDefinition(): CustomResourceDefinition {
  return definition({
    names: {
      kind: "SriovNetworkDevice",
      listKind: "SriovNetworkDeviceList",
      plural: "sriovnetworkdevices",
      singular: "sriovnetworkdevice",
      shortNames: ["srnd"],
    },
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
        pattern: "^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$",
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
      virtualFunctions: { type: "array", items: virtualFunctionSchema() },
      observedGeneration: { type: "integer", format: "int64", description: "Generation that this status speaks of." },
      conditions: {
        type: "array",
        items: conditionSchema(),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
      },
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
      iommuGroup: string("IOMMU group."),
      usedBy: string(
        "Who holds it: claims, virtual machines, pods, or an interface of the node. Absent while it is free.",
      ),
    },
  };
}

function conditionSchema(): Schema {
  return {
    type: "object",
    required: ["type", "status", "reason", "message", "lastTransitionTime"],
    properties: {
      type: { type: "string", maxLength: 316 },
      status: { type: "string", enum: ["True", "False", "Unknown"] },
      reason: { type: "string", maxLength: 1024, pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$" },
      message: { type: "string", maxLength: 32768 },
      observedGeneration: { type: "integer", format: "int64", minimum: 0 },
      lastTransitionTime: { type: "string", format: "date-time" },
    },
  };
}

function pciDeviceDefinition(): CustomResourceDefinition {
  const field = (description: string): Schema => ({ ...string(description), nullable: true });
  return definition({
    names: {
      kind: "PCIDevice",
      listKind: "PCIDeviceList",
      plural: "pcidevices",
      singular: "pcidevice",
      shortNames: ["pcid"],
    },
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

interface Parts {
  readonly names: { readonly plural: string } & Readonly<Record<string, unknown>>;
  readonly columns: readonly Schema[];
  readonly schema: Schema;
}

function column(name: string, type: string, jsonPath: string): Schema {
  return { name, type, jsonPath };
}

function definition({ names, columns, schema }: Parts): CustomResourceDefinition {
  return {
    apiVersion: CUSTOM_RESOURCE_DEFINITION.apiVersion,
    kind: CUSTOM_RESOURCE_DEFINITION.kind,
    metadata: { name: `${names.plural}.${DEVICES_GROUP}` },
    spec: {
      group: DEVICES_GROUP,
      scope: "Cluster",
      names,
      versions: [
        {
          name: "v1beta1",
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}
