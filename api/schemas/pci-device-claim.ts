import type { CustomResourceDefinition } from "../core.js";
import { PCI_DEVICE_CLAIM } from "../pci-device-claim.js";
import { column, definition } from "./definition.js";
import { boolean, conditions, integer, PCI_ADDRESS, type Rule, type Schema, string } from "./schema.js";

/** Harvester's kind, with more in its status, and with rules where Harvester's takes whatever it is given. */
export function pciDeviceClaimDefinition(): CustomResourceDefinition {
  return definition({
    type: PCI_DEVICE_CLAIM,
    shortNames: ["pcidclaim"],
    columns: [
      column("Address", "string", ".spec.address"),
      column("Node Name", "string", ".spec.nodeName"),
      column("User Name", "string", ".spec.userName"),
      column("Kernel Driver To Unbind", "string", ".status.kernelDriverToUnbind"),
      column("Passthrough Enabled", "boolean", ".status.passthroughEnabled"),
      column("Ready", "string", '.status.conditions[?(@.type=="Ready")].status'),
      column("Status", "string", '.status.conditions[?(@.type=="Ready")].reason'),
      column("Age", "date", ".metadata.creationTimestamp"),
    ],
    schema: {
      type: "object",
      description: "Somebody's claim to hand one PCI function of one node through to virtual machines.",
      required: ["spec"],
      properties: { spec: specSchema(), status: statusSchema() },
      "x-kubernetes-validations": [namedAsItsDevice],
    },
  });
}

/** A name is given once, and so is a device, so that only what is new is looked at. */
const COMPACT_ADDRESS = "self.spec.address.replace(':', '').replace('.', '')";
const DEVICE_NAME = `self.spec.nodeName + '-' + ${COMPACT_ADDRESS}`;
const MAX_NAME = 253;

/** So that a second claim for a device would need the name of the first. */
const namedAsItsDevice: Rule = {
  rule:
    `oldSelf.hasValue() || (size(${DEVICE_NAME}) <= ${MAX_NAME} ? self.metadata.name == ${DEVICE_NAME} : ` +
    // What stands before the address is made from the node's name by a hash, for which CEL has no function.
    `self.metadata.name.endsWith('-' + ${COMPACT_ADDRESS}))`,
  optionalOldSelf: true,
  fieldPath: ".spec",
  message: "a claim has the name of its PCIDevice: <nodeName>-<address without ':' and '.'>",
  messageExpression:
    `"a claim has the name of its PCIDevice, " + ${DEVICE_NAME} + ", not " + self.metadata.name + ` +
    `", so that there is one for a device"`,
};

function specSchema(): Schema {
  const fixed = (name: string): Schema => ({
    "x-kubernetes-validations": [{ rule: "self == oldSelf", message: `${name} is immutable` }],
  });
  return {
    type: "object",
    required: ["address", "nodeName", "userName"],
    properties: {
      address: { ...string("PCI address."), ...PCI_ADDRESS, ...fixed("address") },
      nodeName: {
        ...string("Node that the device is in."),
        minLength: 1,
        maxLength: MAX_NAME,
        ...fixed("nodeName"),
      },
      userName: string("Who claims it."),
      disableResourcePooling: boolean("Offer the device under a name of its own, not in the pool of its kind."),
    },
  };
}

function statusSchema(): Schema {
  return {
    type: "object",
    properties: {
      kernelDriverToUnbind: {
        ...string("Driver that the device had before, and gets back; empty where it had none."),
        nullable: true,
      },
      passthroughEnabled: boolean("The device is bound to vfio-pci, or its VF comes back so as soon as it is there."),
      resourceName: string("Name under which the device is advertised."),
      usedBy: string("The virtual machine or pod that has the device. Absent while nobody has."),
      virtualFunction: {
        type: "object",
        description: "Which virtual function it is; absent on other functions.",
        required: ["physicalFunction", "index"],
        properties: {
          physicalFunction: string("PCI address of the physical function."),
          index: integer("Index of the VF on it."),
        },
      },
      observedGeneration: integer("Generation that this status speaks of."),
      conditions: conditions(),
    },
  };
}
