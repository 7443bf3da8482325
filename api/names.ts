/** Names, labels and annotations: what the two halves and other projects find each other by. */

export const DEVICES_GROUP = "devices.harvesterhci.io";
export const DEVICES_API_VERSION = `${DEVICES_GROUP}/v1beta1`;

/** The sriov-network-operator's. */
export const SRIOV_NETWORK_GROUP = "sriovnetwork.openshift.io";
export const SRIOV_NETWORK_API_VERSION = `${SRIOV_NETWORK_GROUP}/v1`;

/** Where the reconciler runs, and where policies count, unless it is told otherwise. */
export const RECONCILER_NAMESPACE = "pulumi-sriov";

/** What stands before the names under which VFs are advertised, unless the reconciler is told otherwise: the operator's. */
export const RESOURCE_PREFIX = "openshift.io";

export const Label = {
  /** On devices: the node they are in (see `labelValue` for names that are too long for a label). */
  nodeName: "nodename",
  /** On a VF's PCIDevice: the name of its NIC's SriovNetworkDevice (see `labelValue`). */
  parentDevice: "harvesterhci.io/parent-sriov-network-device",
  /** On PCIDevices that an agent looks after: "true" on a virtual function, "false" on any other. */
  virtualFunction: "devices.harvesterhci.io/virtual-function",
  /** On the PCIDevice of a VF that is away and claimed, so that the claim outlives it: "true". */
  absent: "devices.harvesterhci.io/absent",
  /** On Nodes whose agent has reported: "true" where the node has an SR-IOV capable NIC. */
  capable: "network-sriov.capable",
  /** On the same Nodes, where capable: what the sriov-network-operator's examples select on. */
  featureCapable: "feature.node.kubernetes.io/network-sriov.capable",
} as const;

export const Annotation = {
  /** Misspelt ("harvesterhi") in Harvester since its first release, hence here. */
  interfaceName: "sriov.devices.harvesterhi.io/interface-name",
  /**
   * On a SriovNetworkDevice: this count may be carried out though VFs are in use. Its author must hold the verb
   * `disrupt`; the agent takes it away once the count is reached. On a SriovNetworkNodePolicy the same for the NICs that it
   * selects: it must equal `spec.numVfs`, and the controller takes it away once all of them are done. On a PCIDeviceClaim,
   * with the value `release`: the claim may be deleted though its status says that the device is in use.
   */
  allowDisruption: "devices.harvesterhci.io/allow-disruption",
  /**
   * On a SriovNetworkDevice, with any text: what has failed is to be tried now, without the pause that it has, and also
   * where its driver has made fewer VFs than it was asked for, all of which go for it. The agent takes it away.
   */
  tryAgain: "devices.harvesterhci.io/try-again",
  /**
   * On a SriovNetworkDevice: which policies want it otherwise than it is, and who is in their way; the controller writes it,
   * and the agent reports it as the condition `PolicyConflict`.
   */
  policyConflict: "devices.harvesterhci.io/policy-conflict",
  /** On a SriovNetworkDevice: what `netFilter` of policies is compared with, such as `openstack/NetworkID:…`. */
  netFilter: "devices.harvesterhci.io/net-filter",
  /** On a SriovNetworkNodePolicy: how many of its nodes may be changed at once: `2`, or `10%`; absent: all. */
  maxUnavailable: "devices.harvesterhci.io/max-unavailable",
  /** On a SriovNetwork: name of the policy, in the reconciler's namespace, that `spec.resourceName` follows. */
  policy: "devices.harvesterhci.io/policy",
  /**
   * On a PCIDeviceClaim: name to advertise the device under, instead of the one that is derived from what it is. Harvester's.
   */
  overrideResourceName: "pcidevice.harvesterhci.io/override-resource-name",
  /**
   * On a KubeVirt: which entries of `permittedHostDevices.pciHostDevices` the controller has added, as
   * `8086:10CA=intel.com/82576_VF,…`. All others are somebody else's.
   */
  permittedPciDevices: "devices.harvesterhci.io/permitted-pci-devices",
  /**
   * On a PCIDeviceClaim that a resource of the provider has made: `<project>/<stack>` of its program, since a device is for
   * one program.
   */
  program: "devices.harvesterhci.io/pulumi-program",
  /** On a NetworkAttachmentDefinition: what pods are to ask for, prefix included. Multus's. */
  resourceName: "k8s.v1.cni.cncf.io/resourceName",
  /** On a NetworkAttachmentDefinition: `<Kind>.<group>/<namespace>/<name>` of what it was made for. The operator's. */
  ownerRef: "sriovnetwork.openshift.io/owner-ref",
  /** On a Node: the NICs that are not offered, as JSON: `[{"address", "interfaceName", "reason"}]`. */
  leftOutNics: "devices.harvesterhci.io/sriov-nics-left-out",
  /** On a VlanConfig: the names of the nodes that it is for, as a JSON array. Harvester's. */
  matchedNodes: "network.harvesterhci.io/matched-nodes",
} as const;

/**
 * The verb on a SriovNetworkDevice that lets its holder destroy VFs which are in use; on a PCIDeviceClaim, take a device
 * back that is in use.
 */
export const DISRUPT = "disrupt";

/** Labels by which the agent's pods are found. */
export const AGENT_POD_LABELS = {
  "app.kubernetes.io/name": "pulumi-sriov",
  "app.kubernetes.io/component": "agent",
} as const;

/** Labels by which the controller's pods are found. */
export const CONTROLLER_POD_LABELS = {
  "app.kubernetes.io/name": "pulumi-sriov",
  "app.kubernetes.io/component": "controller",
} as const;

/** Field manager of what agents write. */
export const AGENT_FIELD_MANAGER = "pulumi-sriov-agent";
/** Field manager of what the controller writes. */
export const CONTROLLER_FIELD_MANAGER = "pulumi-sriov-controller";

/**
 * Field manager under which the controller of a namespace declares what policies ask of devices. Policies of another
 * namespace than its own do not count for a controller, so it must not take for its own what they have declared.
 */
export function declaringFieldManager(namespace: string): string {
  return namespace === RECONCILER_NAMESPACE ? CONTROLLER_FIELD_MANAGER : `${CONTROLLER_FIELD_MANAGER}.${namespace}`;
}

/** Is it the field manager of a controller, of whichever namespace? */
export function isControllerFieldManager(name: string): boolean {
  return name === CONTROLLER_FIELD_MANAGER || name.startsWith(`${CONTROLLER_FIELD_MANAGER}.`);
}

/** Field manager of the sriov-network-operator, which writes what it makes of all policies. */
export const OPERATOR_FIELD_MANAGER = "sriov-network-operator";

/** Does the manager write what policies ask for, of whichever project? */
export function isPolicyFieldManager(name: string): boolean {
  return name === OPERATOR_FIELD_MANAGER || isControllerFieldManager(name);
}

/** Field managers of the provider's resources begin with this; the rest is a hash of the URN and a nonce. */
export const PROVIDER_FIELD_MANAGER_PREFIX = "pulumi-sriov-";

/** Is it the field manager of one of the provider's resources? The reconciler's own begin alike. */
export function isProviderFieldManager(name: string): boolean {
  return (
    name.startsWith(PROVIDER_FIELD_MANAGER_PREFIX) &&
    /^[0-9a-f]{12}-[0-9a-f]{8}$/.test(name.slice(PROVIDER_FIELD_MANAGER_PREFIX.length))
  );
}

const MAX_NAME = 253;
const MAX_LABEL = 63;

/**
 * Name for a newly discovered NIC: `lower(<node>-<interface>)`; where that is no valid object name, or `taken`, the PCI
 * address is appended. The name is fixed at first sight: a NIC that is renamed later keeps it.
 */
export function deviceName(
  nodeName: string,
  interfaceName: string,
  address: string,
  taken: (name: string) => boolean,
): string {
  const plain = `${nodeName}-${interfaceName}`.toLowerCase();
  if (isObjectName(plain) && !taken(plain)) return plain;
  const suffix = [objectNamePart(interfaceName), compactAddress(address)].filter((part) => part !== "").join("-");
  return `${shortened(nodeName.toLowerCase(), MAX_NAME - suffix.length - 1)}-${suffix}`;
}

/**
 * Name of a PCI function's PCIDevice: `<node>-<address without ':' and '.'>`, as Harvester has it. Of a node name that
 * is too long for that, a prefix and a hash of the whole.
 */
export function pciDeviceName(nodeName: string, address: string): string {
  const suffix = compactAddress(address);
  return `${shortened(nodeName, MAX_NAME - suffix.length - 1)}-${suffix}`;
}

/**
 * Node and PCI address by a PCIDevice's name, where it tells them: of a name with a hash in it the node is not known.
 * Undefined too for what is no such name.
 */
export function pciDeviceOf(name: string): { readonly nodeName: string; readonly address: string } | undefined {
  const match = /^(.+)-([0-9a-f]{4,8})([0-9a-f]{2})([01][0-9a-f])([0-7])$/.exec(name);
  if (match === null || name.length >= MAX_NAME) return undefined;
  const [, nodeName = "", domain = "", bus = "", device = "", pciFunction = ""] = match;
  return { nodeName, address: `${domain}:${bus}:${device}.${pciFunction}` };
}

/** A label value for any object name: itself up to 63 characters, else a prefix and a hash of the whole. */
export function labelValue(name: string): string {
  return shortened(name, MAX_LABEL);
}

/** RFC 1123 subdomain, what Kubernetes asks of an object's name. */
export function isObjectName(name: string): boolean {
  return name.length <= MAX_NAME && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);
}

function objectNamePart(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
}

/** Two long names that begin alike stay two names. */
function shortened(name: string, max: number): string {
  if (name.length <= max) return name;
  return `${withValidEnd(name.slice(0, max - 9))}-${fnv1a(name)}`;
}

/** What was cut may end with a dot or dash, which no part of a name may. */
function withValidEnd(text: string): string {
  return text.replace(/[^A-Za-z0-9]+$/, "");
}

function compactAddress(address: string): string {
  return address.replace(/[:.]/g, "");
}

/** 32-bit FNV-1a in hex: enough to tell long node names apart, and pure, so that this room needs no imports. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
