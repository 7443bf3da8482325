import { SRIOV_NETWORK_API_VERSION } from "./names.js";
import type { Condition, KubeObject, ResourceType } from "./object.js";

/**
 * A network that pods and virtual machines reach through VFs: it becomes a NetworkAttachmentDefinition for Multus and the
 * sriov CNI plugin. The kind is the sriov-network-operator's, version v1.
 */
export interface SriovNetwork extends KubeObject {
  readonly spec: SriovNetworkSpec;
  readonly status?: SriovNetworkStatus;
}

export interface SriovNetworkSpec {
  /** Name of the VFs' pool, without the prefix; filled by the controller where the annotation `policy` names a policy. */
  readonly resourceName?: string;
  /** Where the attachment is made; default the network's own. */
  readonly networkNamespace?: string;
  /** JSON text: an object. */
  readonly ipam?: string;
  /** JSON text: an object, such as `{"mac": true, "ips": true}`. */
  readonly capabilities?: string;
  /** JSON text: an object, or several with commas between. */
  readonly metaPlugins?: string;
  /** 0 to 4094; default 0, none. */
  readonly vlan?: number;
  /** 0 to 7. */
  readonly vlanQoS?: number;
  readonly vlanProto?: "802.1q" | "802.1Q" | "802.1ad" | "802.1AD";
  readonly spoofChk?: "on" | "off";
  readonly trust?: "on" | "off";
  readonly linkState?: "auto" | "enable" | "disable";
  /** Mbit/s; 0: no limit. */
  readonly minTxRate?: number;
  readonly maxTxRate?: number;
  readonly logLevel?: "panic" | "error" | "warning" | "info" | "debug" | "";
  readonly logFile?: string;
}

export interface SriovNetworkStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  /** `<namespace>/<name>` of the attachment that was made; absent where there is none. */
  readonly networkAttachmentDefinition?: string;
  /** What pods ask for, prefix included: `openshift.io/storage`. */
  readonly resourceName?: string;
}

/** Reasons of a network's Ready condition. */
export const NetworkReason = {
  /** True: the attachment is as the network says. */
  Attached: "Attached",
  /** False: the namespace that the attachment belongs in is not there yet; it is waited for. */
  NamespaceMissing: "NamespaceMissing",
  /** False: only networks in the reconciler's own namespace may have their attachment in another. */
  NamespaceRefused: "NamespaceRefused",
  /** False: there is an attachment of that name which somebody else owns; it is left alone. */
  ForeignOwner: "ForeignOwner",
  /** False: ipam, capabilities or metaPlugins is no JSON, or not the JSON that belongs there; the message says where. */
  InvalidConfig: "InvalidConfig",
  /** False: the policy that the network names is not there; it is waited for. */
  PolicyMissing: "PolicyMissing",
  /** False: neither a resource name nor a policy is given. */
  ResourceNameMissing: "ResourceNameMissing",
  /** False: the cluster has no kind NetworkAttachmentDefinition (Multus is not installed). */
  KindMissing: "KindMissing",
  /** False: the API server refused the attachment; the message says why. */
  Failed: "Failed",
} as const;

export type NetworkReason = (typeof NetworkReason)[keyof typeof NetworkReason];

export const SRIOV_NETWORK: ResourceType<SriovNetwork> = {
  apiVersion: SRIOV_NETWORK_API_VERSION,
  kind: "SriovNetwork",
  plural: "sriovnetworks",
  namespaced: true,
};
