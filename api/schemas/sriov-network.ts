import type { CustomResourceDefinition } from "../core.js";
import { SRIOV_NETWORK } from "../sriov-network.js";
import { column, definition } from "./definition.js";
import { conditions, integer, oneOf, type Schema, string } from "./schema.js";

/**
 * The sriov-network-operator's kind, version v1, except that `resourceName` may come later, from the policy that an
 * annotation names.
 */
export function sriovNetworkDefinition(): CustomResourceDefinition {
  return definition({
    type: SRIOV_NETWORK,
    columns: [
      column("Resource", "string", ".spec.resourceName"),
      column("VLAN", "integer", ".spec.vlan"),
      column("Attachment", "string", ".status.networkAttachmentDefinition"),
      column("Ready", "string", '.status.conditions[?(@.type=="Ready")].status'),
      column("Status", "string", '.status.conditions[?(@.type=="Ready")].reason'),
      column("Age", "date", ".metadata.creationTimestamp"),
    ],
    schema: {
      type: "object",
      description: "A network that pods and virtual machines reach through VFs.",
      properties: { spec: specSchema(), status: statusSchema() },
    },
  });
}

function specSchema(): Schema {
  return {
    type: "object",
    // A network of which nothing is said but its policy, in an annotation.
    default: {},
    properties: {
      resourceName: {
        ...string("Name of the VFs' pool, without the prefix; filled in where an annotation names a policy."),
        maxLength: 63,
        // What any pool may be called, since other device plugins have pools as well.
        pattern: "^([a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?)?$",
      },
      networkNamespace: {
        ...string("Namespace of the NetworkAttachmentDefinition; default the network's own."),
        maxLength: 63,
        pattern: "^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$",
      },
      ipam: string("JSON text: CNI's IPAM configuration, an object."),
      capabilities: string('JSON text: CNI\'s capabilities, an object, such as {"mac": true, "ips": true}.'),
      metaPlugins: string("JSON text: configurations of further CNI plugins, objects with commas between."),
      vlan: { ...integer("VLAN of the VF; 0: none."), maximum: 4094 },
      vlanQoS: { ...integer("VLAN priority of the VF."), maximum: 7 },
      vlanProto: oneOf("VLAN protocol of the VF.", ["802.1q", "802.1Q", "802.1ad", "802.1AD"]),
      spoofChk: oneOf("Whether frames of the VF with a foreign MAC address are dropped.", ["on", "off"]),
      trust: oneOf("Whether the VF may go promiscuous and choose its MAC address.", ["on", "off"]),
      linkState: oneOf("Link state of the VF; auto follows the NIC.", ["auto", "enable", "disable"]),
      minTxRate: integer("Rate that the VF may always send at, in Mbit/s; 0: none."),
      maxTxRate: integer("Rate that the VF may send at, at most, in Mbit/s; 0: no limit."),
      logLevel: {
        ...oneOf("What the CNI plugin logs.", ["panic", "error", "warning", "info", "debug", ""]),
        default: "info",
      },
      logFile: string("File on the node that the CNI plugin logs to."),
    },
    "x-kubernetes-validations": [
      {
        rule: [
          "!has(self.minTxRate) || !has(self.maxTxRate)",
          "self.maxTxRate == 0",
          "self.minTxRate <= self.maxTxRate",
        ].join(" || "),
        fieldPath: ".minTxRate",
        message: "minTxRate must not be above maxTxRate",
      },
    ],
  };
}

function statusSchema(): Schema {
  return {
    type: "object",
    properties: {
      observedGeneration: integer("Generation that this status speaks of."),
      conditions: conditions(),
      networkAttachmentDefinition: string("Attachment that was made: <namespace>/<name>."),
      resourceName: string("What pods ask for, prefix included."),
    },
  };
}
