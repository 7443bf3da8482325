import { CONTROLLER_LEASE_NAME } from "./lease.js";
import { DEVICES_GROUP, DISRUPT, SRIOV_NETWORK_GROUP } from "./names.js";
import type { PolicyRule } from "./rbac.js";

/** Something that a part of the reconciler asks of the API server, and why. Its roles are made of these and grant nothing else. */
export interface Permission {
  /** Empty: the core group. */
  readonly group: string;
  /** Plural of the kind; a subresource after a slash. */
  readonly resource: string;
  readonly verbs: readonly string[];
  /** In the whole cluster, or in the reconciler's own namespace alone. Default `cluster`. */
  readonly scope?: Scope;
  /** Of objects with these names alone. Default all. */
  readonly names?: readonly string[];
  /** Only where this is switched on. Default always. */
  readonly when?: Feature;
  readonly why: string;
}

export type Scope = "cluster" | "namespace";

/** What an installation may do without, and then needs no rights for. `metrics`: over the network, to who may read them. */
export type Feature = "metrics";

const METRICS: readonly Permission[] = [
  {
    group: "authentication.k8s.io",
    resource: "tokenreviews",
    verbs: ["create"],
    when: "metrics",
    why: "who it is that asks for metrics",
  },
  {
    group: "authorization.k8s.io",
    resource: "subjectaccessreviews",
    verbs: ["create"],
    when: "metrics",
    why: "whether he may read them",
  },
];

/** Of all that they may write, the admission policies keep agents to what belongs to their node. */
export const AGENT_PERMISSIONS: readonly Permission[] = [
  {
    group: "",
    resource: "nodes",
    verbs: ["list", "watch", "patch"],
    why: "its own Node: it is there, and whose NICs are capable is written there",
  },
  {
    group: "",
    resource: "pods",
    verbs: ["list", "watch"],
    why: "who uses VFs; it watches the pods of its own node alone, which RBAC cannot say",
  },
  {
    group: "kubevirt.io",
    resource: "virtualmachineinstances",
    verbs: ["list", "watch"],
    why: "which virtual machine uses a device",
  },
  {
    group: "network.harvesterhci.io",
    resource: "vlanconfigs",
    verbs: ["list", "watch"],
    why: "which NICs are uplinks, and left alone",
  },
  {
    group: DEVICES_GROUP,
    resource: "sriovnetworkdevices",
    verbs: ["list", "watch", "create", "patch"],
    why: "one for each NIC; create is an apply of one that is not there yet",
  },
  {
    group: DEVICES_GROUP,
    resource: "sriovnetworkdevices/status",
    verbs: ["patch"],
    why: "what the kernel says of the NIC",
  },
  {
    group: DEVICES_GROUP,
    resource: "pcidevices",
    verbs: ["get", "list", "watch", "create", "patch", "delete"],
    why: "one for each VF, as long as the VF is there",
  },
  { group: DEVICES_GROUP, resource: "pcidevices/status", verbs: ["patch"], why: "what the kernel says of the VF" },
  {
    group: DEVICES_GROUP,
    resource: "pcideviceclaims",
    verbs: ["list", "watch", "patch"],
    why: "claims for devices of its node; patch: their owner and its finalizer",
  },
  {
    group: DEVICES_GROUP,
    resource: "pcideviceclaims/status",
    verbs: ["patch"],
    why: "whether the device is ready to be passed through, and who has it",
  },
  {
    group: "",
    resource: "events",
    verbs: ["create", "patch"],
    why: "what people should see; patch: the same event again raises the count of the first",
  },
  ...METRICS,
];

export const CONTROLLER_PERMISSIONS: readonly Permission[] = [
  { group: "", resource: "nodes", verbs: ["list", "watch"], why: "which nodes a policy selects" },
  { group: "", resource: "namespaces", verbs: ["list", "watch"], why: "where a network's attachment can be made" },
  {
    group: DEVICES_GROUP,
    resource: "sriovnetworkdevices",
    verbs: ["list", "watch", "patch"],
    why: "what policies ask of NICs",
  },
  {
    group: DEVICES_GROUP,
    resource: "sriovnetworkdevices",
    verbs: [DISRUPT],
    why: "who may set the annotation on a policy has the verb, and the controller passes it on to the NICs",
  },
  { group: DEVICES_GROUP, resource: "pcidevices", verbs: ["list"], why: "the one of a claim, by its name" },
  {
    group: DEVICES_GROUP,
    resource: "pcideviceclaims",
    verbs: ["list", "watch", "patch"],
    why: "which devices machines may have; patch: the finalizer of claims whose node is gone",
  },
  {
    group: "kubevirt.io",
    resource: "kubevirts",
    verbs: ["get", "list", "watch", "patch"],
    why: "the list of devices that machines may ask for, of which the guard lets it change no more",
  },
  {
    group: SRIOV_NETWORK_GROUP,
    resource: "sriovnetworknodepolicies",
    verbs: ["list", "watch"],
    why: "what is asked for; of those of other namespaces, that they do not count",
  },
  {
    group: SRIOV_NETWORK_GROUP,
    resource: "sriovnetworknodepolicies",
    verbs: ["patch"],
    scope: "namespace",
    why: "a permission that was used is taken away",
  },
  {
    group: SRIOV_NETWORK_GROUP,
    resource: "sriovnetworknodepolicies/status",
    verbs: ["patch"],
    why: "what has come of the policy",
  },
  {
    group: SRIOV_NETWORK_GROUP,
    resource: "sriovnetworks",
    verbs: ["list", "watch", "patch"],
    why: "what is asked for; patch: a network's resource name follows its policy",
  },
  {
    group: SRIOV_NETWORK_GROUP,
    resource: "sriovnetworks/status",
    verbs: ["patch"],
    why: "what has come of the network",
  },
  {
    group: "k8s.cni.cncf.io",
    resource: "network-attachment-definitions",
    verbs: ["get", "list", "watch", "create", "patch", "delete"],
    why: "one for each network, in whichever namespace it is for",
  },
  {
    group: "",
    resource: "events",
    verbs: ["create", "patch"],
    why: "what people should see; patch: the same event again raises the count of the first",
  },
  {
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: ["get", "list", "watch", "patch"],
    scope: "namespace",
    names: [CONTROLLER_LEASE_NAME],
    why: "which of several controllers works; list and watch: whoever stands by hears at once that it was given back",
  },
  {
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: ["create"],
    scope: "namespace",
    why: "the same Lease where there is none yet: RBAC knows no name of what is made",
  },
  ...METRICS,
];

/** The rules of a role of that scope: one for each permission. */
export function rulesOf(
  permissions: readonly Permission[],
  scope: Scope,
  features: readonly Feature[] = [],
): PolicyRule[] {
  return permissions
    .filter((each) => (each.scope ?? "cluster") === scope)
    .filter(({ when }) => when === undefined || features.includes(when))
    .map(({ group, resource, names, verbs }) => ({
      apiGroups: [group],
      resources: [resource],
      ...(names && { resourceNames: names }),
      verbs,
    }));
}
