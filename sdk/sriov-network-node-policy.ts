import * as pulumi from "@pulumi/pulumi";
import provider from "../provider/dynamic/sriov-network-node-policy.js";
import { type ClusterArgs, ClusterResource } from "./cluster-resource.js";

/** Arguments of {@link SriovNetworkNodePolicy}. */
export interface SriovNetworkNodePolicyArgs extends ClusterArgs {
  /** Name of the `SriovNetworkNodePolicy` object. Default: one made of the resource's name. Another one replaces the resource. */
  readonly policyName?: pulumi.Input<string>;
  /**
   * Namespace of the object. Policies count only in the reconciler's own, which is the default; where the
   * sriov-network-operator is at work, in the operator's. Another one replaces the resource.
   */
  readonly namespace?: pulumi.Input<string>;
  /**
   * Name under which pods ask for the VFs, without the prefix (`openshift.io`): 1 to 63 letters, digits, `-` and `_`. It can
   * be changed without loss of a VF.
   */
  readonly resourceName: pulumi.Input<string>;
  /** Labels that a node must have, all of them; `{}`: every node. */
  readonly nodeSelector: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
  /** Which NICs of those nodes. */
  readonly nicSelector: pulumi.Input<NicSelectorArgs>;
  /** VFs of each NIC: 0 up to what it supports. Where several policies select a NIC, the largest number counts. */
  readonly numVfs: pulumi.Input<number>;
  /** 0 to 99. Of several policies that want the same VFs, the one with the lowest number gets them. Default 99. */
  readonly priority?: pulumi.Input<number>;
  /** MTU of the NICs and their VFs, in bytes. Default: left as it is. */
  readonly mtu?: pulumi.Input<number>;
  /** What drives the VFs: a network driver of the node, or a guest by way of vfio. Default `"netdevice"`. */
  readonly deviceType?: pulumi.Input<"netdevice" | "vfio-pci">;
  /** Default false. Carried out by the sriov-network-operator alone. */
  readonly isRdma?: pulumi.Input<boolean>;
  /** Give pods `/dev/vhost-net` with a VF. Default false. */
  readonly needVhostNet?: pulumi.Input<boolean>;
  /** The link type that the NICs must have; it is not changed. */
  readonly linkType?: pulumi.Input<"eth" | "ETH" | "ib" | "IB">;
  /** Default `"legacy"`. `"switchdev"` is carried out by the sriov-network-operator alone. */
  readonly eSwitchMode?: pulumi.Input<"legacy" | "switchdev">;
  /** Carried out by the sriov-network-operator alone. */
  readonly vdpaType?: pulumi.Input<"virtio" | "vhost">;
  /** Do not tell the kubelet on which NUMA node a VF is. Default false. */
  readonly excludeTopology?: pulumi.Input<boolean>;
  /** Somebody else makes the VFs; the policy only shares them out. Default false. */
  readonly externallyManaged?: pulumi.Input<boolean>;
  /** Carried out by the sriov-network-operator alone. */
  readonly bridge?: pulumi.Input<Readonly<Record<string, unknown>>>;
  /**
   * What to do where VFs that are in use would be destroyed: `"refuse"` fails, names the VFs and their users, and changes
   * nothing; `"proceed"` goes on, and needs the verb `disrupt` on sriovnetworkdevices.devices.harvesterhci.io. Default
   * `"refuse"`. A destroy goes by what the last `up` has left in the state. Where the sriov-network-operator is at work, it
   * decides: it drains nodes.
   */
  readonly onVfsInUse?: pulumi.Input<"refuse" | "proceed">;
  /**
   * How many of the nodes may be changed at once: `2`, or `"10%"` of those that the policy selects NICs of. Default: all.
   * Where the sriov-network-operator is at work, its own pools decide.
   */
  readonly maxUnavailable?: pulumi.Input<number | string>;
  /** Take the object, or fields of it, over from another field manager. Default false: fail, and name it. */
  readonly forceConflicts?: pulumi.Input<boolean>;
}

/** NICs by what they are: each must have all that is given, and something must be given. */
export interface NicSelectorArgs {
  /** PCI vendor, four hex digits: `8086`. */
  readonly vendor?: pulumi.Input<string>;
  /** PCI device, four hex digits: `10c9`. */
  readonly deviceId?: pulumi.Input<string>;
  /** PCI addresses: `0000:04:00.0`. */
  readonly rootDevices?: pulumi.Input<pulumi.Input<string>[]>;
  /** Names of interfaces, alternative ones too; with `#0-3` for those VFs of the NIC alone. */
  readonly pfNames?: pulumi.Input<pulumi.Input<string>[]>;
  /** `openstack/NetworkID:…` or `aws/NetworkID:…`; without any of the others. */
  readonly netFilter?: pulumi.Input<string>;
}

/** A NIC that a policy selects. */
export interface MatchedDevice {
  /** Name of its `SriovNetworkDevice` object. */
  readonly deviceName: string;
  readonly nodeName: string;
  readonly interfaceName: string;
  /** PCI address. */
  readonly address: string;
  /** VFs of the NIC by all policies together; absent where somebody else makes them. */
  readonly numVfs?: number;
  /** The policy's own, such as `0-3`; absent where it has none there. */
  readonly vfRange?: string;
  /** PCI addresses of the policy's own VFs, in VF order. */
  readonly vfAddresses: string[];
}

/**
 * Virtual functions of all NICs of a kind: of those that the cluster has, and of those that join it.
 *
 * Creating and updating return when every NIC that the policy selects has its VFs; they wait 5 minutes, or as long as
 * `customTimeouts` say. A NIC that fails is named in the error, and the others are done all the same. Deleting returns when
 * the VFs that were the policy's own are gone.
 *
 * @example
 * const storage = new sriov.SriovNetworkNodePolicy("storage", {
 *   resourceName: "storage",
 *   nodeSelector: { "network-sriov.capable": "true" },
 *   nicSelector: { pfNames: ["eno49"] },
 *   numVfs: 4,
 * });
 * export const nics = storage.matchedDevices; // [{ deviceName: "node1-eno49", vfAddresses: ["0000:04:10.0", …], … }]
 */
export class SriovNetworkNodePolicy extends ClusterResource {
  /** Name of the `SriovNetworkNodePolicy` object. */
  declare readonly policyName: pulumi.Output<string>;
  declare readonly namespace: pulumi.Output<string>;
  /** Name under which pods ask for the VFs, without the prefix. */
  declare readonly resourceName: pulumi.Output<string>;
  /** How many VFs each NIC is asked to have. */
  declare readonly numVfs: pulumi.Output<number>;
  /** The NICs that the policy selects, ordered by node and address; at most 500. */
  declare readonly matchedDevices: pulumi.Output<MatchedDevice[]>;
  /** Reason of the object's `Ready` condition, such as `Configured` or `NothingMatched`. */
  declare readonly status: pulumi.Output<string>;
  /** Uid of the cluster that the policy is in. */
  declare readonly clusterUid: pulumi.Output<string>;
  /** Field manager under which this resource owns the object. */
  declare readonly fieldManager: pulumi.Output<string>;

  constructor(name: string, args: SriovNetworkNodePolicyArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, "SriovNetworkNodePolicy", name, args, inputsOf(args), OUTPUTS, opts);
  }

  /**
   * A policy as it is, without taking charge of it.
   *
   * @param id `<namespace>/<name>` of the object; or its name alone, where it is in the default namespace.
   */
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state: ClusterArgs = {},
    opts?: pulumi.CustomResourceOptions,
  ): SriovNetworkNodePolicy {
    // The class's own arguments are for policies that a program declares; a lookup has none of them.
    const args = state as unknown as SriovNetworkNodePolicyArgs;
    return new SriovNetworkNodePolicy(name, args, { ...opts, id });
  }
}

const OUTPUTS = ["matchedDevices", "status"];

function inputsOf(args: SriovNetworkNodePolicyArgs): pulumi.Inputs {
  return {
    policyName: args.policyName,
    namespace: args.namespace,
    resourceName: args.resourceName,
    nodeSelector: args.nodeSelector,
    nicSelector: args.nicSelector,
    numVfs: args.numVfs,
    priority: args.priority,
    mtu: args.mtu,
    deviceType: args.deviceType,
    isRdma: args.isRdma,
    needVhostNet: args.needVhostNet,
    linkType: args.linkType,
    eSwitchMode: args.eSwitchMode,
    vdpaType: args.vdpaType,
    excludeTopology: args.excludeTopology,
    externallyManaged: args.externallyManaged,
    bridge: args.bridge,
    onVfsInUse: args.onVfsInUse,
    maxUnavailable: args.maxUnavailable,
    forceConflicts: args.forceConflicts,
  };
}
