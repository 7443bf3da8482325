import * as pulumi from "@pulumi/pulumi";
import provider from "../provider/dynamic/sriov-network.js";
import { type ClusterArgs, ClusterResource } from "./cluster-resource.js";

/** Arguments of {@link SriovNetwork}. Those without a default of their own are left to the CNI plugin where they are absent. */
export interface SriovNetworkArgs extends ClusterArgs {
  /**
   * The policy whose virtual functions the network uses: its resource name is the network's, and stays so. Give this or
   * `resourceName`.
   */
  readonly policy?: FollowedPolicy;
  /** Name under which the virtual functions are advertised, without the prefix. Give this or `policy`. */
  readonly resourceName?: pulumi.Input<string>;
  /**
   * Name of the object, and of the attachment. Default: the resource's name, and seven hex digits that tell it from those of
   * other stacks. Another one replaces the resource.
   */
  readonly networkName?: pulumi.Input<string>;
  /**
   * Namespace of the object. Default: `pulumi-sriov`; on a cluster with the sriov-network-operator, the operator's. Another
   * one replaces the resource.
   */
  readonly namespace?: pulumi.Input<string>;
  /**
   * Namespace of the attachment, and of the pods that use it. Default: the object's own. Another one only networks in the
   * reconciler's (or the operator's) namespace may have.
   */
  readonly networkNamespace?: pulumi.Input<string>;
  /** VLAN, 0 to 4094. Default 0: none. */
  readonly vlan?: pulumi.Input<number>;
  /** VLAN priority, 0 to 7; needs a `vlan`. Default 0. */
  readonly vlanQoS?: pulumi.Input<number>;
  /** `802.1ad` needs a `vlan`. Default `802.1q`. */
  readonly vlanProto?: pulumi.Input<"802.1q" | "802.1Q" | "802.1ad" | "802.1AD">;
  /** Whether a virtual function may send from its own address alone. */
  readonly spoofChk?: pulumi.Input<"on" | "off" | boolean>;
  /** Whether a virtual function may change its address, or ask for all traffic. */
  readonly trust?: pulumi.Input<"on" | "off" | boolean>;
  /** Link of the virtual function: as the NIC's, or always up or down. */
  readonly linkState?: pulumi.Input<"auto" | "enable" | "disable">;
  /** Least rate of sending in Mbit/s, at most `maxTxRate`. Default 0: none. */
  readonly minTxRate?: pulumi.Input<number>;
  /** Highest rate of sending in Mbit/s. Default 0: no limit. */
  readonly maxTxRate?: pulumi.Input<number>;
  /** How pods get addresses: configuration of an IPAM plugin, as JSON text or object. Default: they get none. */
  readonly ipam?: pulumi.Input<string | JsonObject>;
  /** What pods may ask for at run time, such as `{ mac: true, ips: true }`, as JSON text or object. */
  readonly capabilities?: pulumi.Input<string | JsonObject>;
  /** CNI plugins that come after, such as `tuning`: an object or several, or as JSON text with commas between. */
  readonly metaPlugins?: pulumi.Input<string | JsonObject | readonly JsonObject[]>;
  /** How much the CNI plugin logs. Default `info`. */
  readonly logLevel?: pulumi.Input<"panic" | "error" | "warning" | "info" | "debug" | "">;
  /** File on the node that the CNI plugin logs to. Default: standard error. */
  readonly logFile?: pulumi.Input<string>;
  /**
   * Whether to refuse to make a network, in the preview already, where no node of the cluster has an SR-IOV capable NIC.
   * Default true. Nodes that have not reported yet only cause a warning.
   */
  readonly requireCapableNode?: pulumi.Input<boolean>;
  /** Take the object, or fields of it, over from another field manager. Default false: fail, and name it. */
  readonly forceConflicts?: pulumi.Input<boolean>;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** What a network needs of a `SriovNetworkNodePolicy`. */
export interface FollowedPolicy {
  readonly policyName: pulumi.Input<string>;
  readonly namespace: pulumi.Input<string>;
  readonly resourceName: pulumi.Input<string>;
}

/** What {@link SriovNetwork.get} may need beside the network's name. */
export type SriovNetworkState = ClusterArgs;

/**
 * A network that pods and virtual machines reach through virtual functions: it becomes a `NetworkAttachmentDefinition` of
 * the same name.
 *
 * Creating and updating return when the attachment is there with the right resource name, deleting when it is gone; they
 * wait 5 minutes, or as long as `customTimeouts` say.
 *
 * @example
 * const network = new sriov.SriovNetwork("storage", { policy, networkNamespace: "web", vlan: 100 });
 * export const attachment = network.networkAttachmentDefinition; // "web/storage-1a2b3c4"
 */
export class SriovNetwork extends ClusterResource {
  /** Name of the object, and of the attachment. */
  declare readonly networkName: pulumi.Output<string>;
  /** Namespace of the object. */
  declare readonly namespace: pulumi.Output<string>;
  /** Name under which the virtual functions are advertised, without the prefix. */
  declare readonly resourceName: pulumi.Output<string>;
  /** `<namespace>/<name>` of the attachment, as a pod's annotation `k8s.v1.cni.cncf.io/networks` may have it. */
  declare readonly networkAttachmentDefinition: pulumi.Output<string>;
  /** Namespace of the attachment. */
  declare readonly attachmentNamespace: pulumi.Output<string>;
  /** `Attached`; after a refresh, the reason why there is no attachment as the network says. */
  declare readonly status: pulumi.Output<string>;

  constructor(name: string, args: SriovNetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, "SriovNetwork", name, args, inputsOf(args), OUTPUTS, opts);
  }

  /**
   * A network as it is, without taking charge of it.
   *
   * @param id `<namespace>/<name>` of its object.
   */
  static get(
    name: string,
    id: pulumi.Input<pulumi.ID>,
    state: SriovNetworkState = {},
    opts?: pulumi.CustomResourceOptions,
  ): SriovNetwork {
    return new SriovNetwork(name, state, { ...opts, id });
  }
}

const OUTPUTS = ["networkAttachmentDefinition", "attachmentNamespace", "defaults", "status"];

function inputsOf({ policy, ...args }: SriovNetworkArgs): pulumi.Inputs {
  return {
    networkName: args.networkName,
    namespace: args.namespace,
    // Of the policy's many outputs these are what the network depends on.
    policy: policy && {
      policyName: policy.policyName,
      namespace: policy.namespace,
      resourceName: policy.resourceName,
    },
    resourceName: args.resourceName,
    networkNamespace: args.networkNamespace,
    vlan: args.vlan,
    vlanQoS: args.vlanQoS,
    vlanProto: args.vlanProto,
    spoofChk: args.spoofChk,
    trust: args.trust,
    linkState: args.linkState,
    minTxRate: args.minTxRate,
    maxTxRate: args.maxTxRate,
    ipam: args.ipam,
    capabilities: args.capabilities,
    metaPlugins: args.metaPlugins,
    logLevel: args.logLevel,
    logFile: args.logFile,
    requireCapableNode: args.requireCapableNode,
    forceConflicts: args.forceConflicts,
  };
}
