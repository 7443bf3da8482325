import type { CustomResourceDefinition } from "../core.js";
import { MatchedDeviceState, SRIOV_NETWORK_NODE_POLICY } from "../sriov-network-node-policy.js";
import { column, definition } from "./definition.js";
import { nicSelectorSchema, rangesBelowNumVfs } from "./nic-selector.js";
import { boolean, conditions, integer, oneOf, type Rule, type Schema, string, texts } from "./schema.js";

/**
 * The sriov-network-operator's kind, version v1. What its CRD and its webhook both accept is accepted here, so that
 * manifests that were written for it can be used; what its webhook refuses of a policy alone is refused here as well.
 */
export function sriovNetworkNodePolicyDefinition(): CustomResourceDefinition {
  return definition({
    type: SRIOV_NETWORK_NODE_POLICY,
    columns: [
      column("Resource", "string", ".spec.resourceName"),
      column("VFs", "integer", ".spec.numVfs"),
      column("Priority", "integer", ".spec.priority"),
      column("Matched", "integer", ".status.matched"),
      column("Ready", "integer", ".status.ready"),
      column("Status", "string", '.status.conditions[?(@.type=="Ready")].reason'),
      column("Age", "date", ".metadata.creationTimestamp"),
    ],
    schema: {
      type: "object",
      description: "Which NICs of which nodes shall have virtual functions, how many, and under which name.",
      required: ["spec"],
      properties: { spec: specSchema(), status: statusSchema() },
    },
  });
}

function specSchema(): Schema {
  return {
    type: "object",
    required: ["nicSelector", "nodeSelector", "numVfs", "resourceName"],
    properties: {
      resourceName: {
        ...string("Under which name pods ask for the VFs, without the prefix."),
        maxLength: 63,
        pattern: "^[a-zA-Z0-9]([a-zA-Z0-9_-]*[a-zA-Z0-9])?$",
      },
      nodeSelector: texts("Labels that a node must have, all of them; none: every node."),
      nicSelector: nicSelectorSchema(),
      numVfs: integer("VFs of each NIC."),
      priority: {
        ...integer("Of several policies for one NIC the one with the lowest number wins. None given counts as 99."),
        maximum: 99,
      },
      mtu: { ...integer("MTU of the NIC and its VFs, in bytes."), minimum: 1 },
      deviceType: {
        ...oneOf("What drives the VFs: a network driver of the node, or a guest.", ["netdevice", "vfio-pci"]),
        default: "netdevice",
      },
      isRdma: boolean("RDMA mode; not carried out."),
      needVhostNet: boolean("Pods that get a VF get /dev/vhost-net as well."),
      linkType: oneOf("Link type that the NIC must have.", ["eth", "ETH", "ib", "IB"]),
      eSwitchMode: oneOf("Mode of the NIC's switch; switchdev is not carried out.", ["legacy", "switchdev"]),
      vdpaType: oneOf("vDPA device type; not carried out.", ["virtio", "vhost"]),
      excludeTopology: boolean("Do not tell the kubelet the NUMA node of the VFs."),
      externallyManaged: boolean("Somebody else makes the VFs; they are only shared out."),
      bridge: bridgeSchema(),
    },
    "x-kubernetes-validations": [rangesBelowNumVfs, ...combinations()],
  };
}

/** Fields that exclude each other, as the operator's webhook has it. */
function combinations(): Rule[] {
  const isSwitchdev = "(has(self.eSwitchMode) && self.eSwitchMode == 'switchdev')";
  const isInfiniBand = "(has(self.linkType) && self.linkType in ['ib', 'IB'])";
  const hasBridge = "(has(self.bridge) && has(self.bridge.ovs))";
  const hasVdpa = "has(self.vdpaType)";
  const hasNetFilter = "(has(self.nicSelector.netFilter) && self.nicSelector.netFilter != '')";
  const never = (what: string, fieldPath: string, message: string): Rule => ({
    rule: `!(${what})`,
    fieldPath,
    message,
  });
  return [
    never(
      "self.deviceType == 'vfio-pci' && has(self.isRdma) && self.isRdma",
      ".isRdma",
      "isRdma is for VFs of deviceType netdevice",
    ),
    never(`${isInfiniBand} && ${isSwitchdev}`, ".eSwitchMode", "switchdev is for Ethernet links"),
    never(`${hasVdpa} && self.deviceType != 'netdevice'`, ".vdpaType", "vdpaType is for VFs of deviceType netdevice"),
    never(`${hasVdpa} && !${isSwitchdev}`, ".vdpaType", "vdpaType needs eSwitchMode switchdev"),
    never(`${hasBridge} && !${isSwitchdev}`, ".bridge", "bridge needs eSwitchMode switchdev"),
    never(
      `${hasBridge} && has(self.externallyManaged) && self.externallyManaged`,
      ".bridge",
      "bridge is not for NICs that are externallyManaged",
    ),
    never(`${hasNetFilter} && has(self.eSwitchMode)`, ".eSwitchMode", "eSwitchMode does not go with netFilter"),
    never(`${hasNetFilter} && ${hasBridge}`, ".bridge", "bridge does not go with netFilter"),
    never(`${hasNetFilter} && ${isInfiniBand}`, ".linkType", "netFilter is for Ethernet links"),
  ];
}

/** Not carried out; here so that nothing of a manifest is lost. */
function bridgeSchema(): Schema {
  const ovsTable = (description: string, properties: Schema): Schema => ({ type: "object", description, properties });
  return ovsTable("Software bridge that the NIC is put into, with switchdev alone; not carried out.", {
    ovs: ovsTable("Open vSwitch.", {
      bridge: ovsTable("The bridge, as table Bridge in OVSDB has it.", {
        datapathType: string("datapath_type."),
        externalIDs: texts("external_ids."),
        failMode: oneOf("fail_mode.", ["secure", "standalone"]),
        otherConfig: texts("other_config."),
      }),
      uplink: ovsTable("The NIC as the bridge's uplink.", {
        interface: ovsTable("The NIC's interface, as table Interface in OVSDB has it.", {
          externalIDs: texts("external_ids."),
          mtuRequest: { type: "integer", description: "mtu_request." },
          options: texts("options."),
          otherConfig: texts("other_config."),
          type: string("type."),
        }),
      }),
    }),
  });
}

function statusSchema(): Schema {
  return {
    type: "object",
    properties: {
      observedGeneration: integer("Generation that this status speaks of."),
      conditions: conditions(),
      matched: integer("How many NICs the policy selects, whatever has come of it."),
      ready: integer("How many of them have what it asks for."),
      matchedDevices: { type: "array", items: matchedDeviceSchema() },
    },
  };
}

function matchedDeviceSchema(): Schema {
  return {
    type: "object",
    description: "A NIC that the policy selects.",
    required: ["name", "nodeName", "interfaceName", "address", "state"],
    properties: {
      name: string("Name of its SriovNetworkDevice."),
      nodeName: string("Node that it is in."),
      interfaceName: string("Name of its network interface."),
      address: string("PCI address."),
      numVfs: integer("VFs that the NIC has by all policies together."),
      vfRange: string("Those of them that are this policy's: 0-3."),
      state: oneOf("How far it is.", Object.values(MatchedDeviceState)),
      message: string("What is in the way, and what to do."),
    },
  };
}
