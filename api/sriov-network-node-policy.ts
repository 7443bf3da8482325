import { SRIOV_NETWORK_API_VERSION } from "./names.js";
import type { Condition, KubeObject, ResourceType } from "./object.js";

/**
 * Which NICs of which nodes shall have virtual functions, how many, and under which name pods ask for them. The kind is
 * the sriov-network-operator's, version v1; the status is this project's.
 */
export interface SriovNetworkNodePolicy extends KubeObject {
  readonly spec: SriovNetworkNodePolicySpec;
  readonly status?: SriovNetworkNodePolicyStatus;
}

export interface SriovNetworkNodePolicySpec {
  /** Under which name the VFs are advertised, without the prefix. */
  readonly resourceName: string;
  /** Labels that a node must have, all of them; none: every node. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly nicSelector: NicSelector;
  /** VFs of each NIC. */
  readonly numVfs: number;
  /** 0 to 99; none given counts as 99. The lowest wins. */
  readonly priority?: number;
  /** Of the NIC and its VFs, in bytes. */
  readonly mtu?: number;
  /** What drives the VFs: a network driver of the node, or a guest by way of vfio. Default `netdevice`. */
  readonly deviceType?: DeviceType;
  readonly isRdma?: boolean;
  readonly needVhostNet?: boolean;
  readonly linkType?: "eth" | "ETH" | "ib" | "IB";
  readonly eSwitchMode?: "legacy" | "switchdev";
  readonly vdpaType?: "virtio" | "vhost";
  readonly excludeTopology?: boolean;
  /** Somebody else makes the VFs; they are only shared out. */
  readonly externallyManaged?: boolean;
  readonly bridge?: Readonly<Record<string, unknown>>;
}

export type DeviceType = "netdevice" | "vfio-pci";

/** A NIC must have all that is given here, and something must be. */
export interface NicSelector {
  /** PCI vendor, four hex digits. */
  readonly vendor?: string;
  /** PCI device, four hex digits. */
  readonly deviceID?: string;
  /** PCI addresses. */
  readonly rootDevices?: readonly string[];
  /** Names of interfaces, alternative ones too, each with or without a range of VFs: `ens1f0`, `ens1f0#0-3`. */
  readonly pfNames?: readonly string[];
  /** `openstack/NetworkID:…` or `aws/NetworkID:…`. */
  readonly netFilter?: string;
}

export interface SriovNetworkNodePolicyStatus {
  /** The generation that the rest speaks of. */
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  /** How many NICs the policy selects, whatever has come of it. */
  readonly matched: number;
  /** How many of them have what it asks for. */
  readonly ready: number;
  /** The NICs that it selects, ordered by node and address; the first {@link MAX_MATCHED_DEVICES}, those with problems before others. */
  readonly matchedDevices: readonly MatchedDevice[];
}

/** A status has room for no more. */
export const MAX_MATCHED_DEVICES = 500;

export interface MatchedDevice {
  /** Name of its SriovNetworkDevice. */
  readonly name: string;
  readonly nodeName: string;
  readonly interfaceName: string;
  readonly address: string;
  /** VFs that the NIC has by all policies together; absent where this project does not set the number. */
  readonly numVfs?: number;
  /** Those of them that are this policy's: `0-3`; absent where it has none. */
  readonly vfRange?: string;
  readonly state: MatchedDeviceState;
  /** What is in the way, and what to do; absent where the state is `Ready`. */
  readonly message?: string;
}

export const MatchedDeviceState = {
  /** The NIC has what the policy asks for. */
  Ready: "Ready",
  /** It was asked to, and its agent is at work. */
  Configuring: "Configuring",
  /** Its turn comes when other nodes are done: see the annotation max-unavailable. */
  Waiting: "Waiting",
  /** Another policy, or somebody who owns the number directly, goes before. */
  Conflict: "Conflict",
  /** The policy asks for what the NIC cannot give. */
  Invalid: "Invalid",
  /** VFs that would be destroyed are in use. */
  InUse: "InUse",
  /** The agent, or the API server, answered with an error. */
  Failed: "Failed",
} as const;

export type MatchedDeviceState = (typeof MatchedDeviceState)[keyof typeof MatchedDeviceState];

/** Reasons of a policy's Ready condition. */
export const PolicyReason = {
  /** True: every NIC that it selects has what it asks for. */
  Configured: "Configured",
  /** True: it selects no NIC as things are. */
  NothingMatched: "NothingMatched",
  /** False: NICs are being changed, or wait for their turn. */
  Configuring: "Configuring",
  /** False: some NICs are not as it asks, and will not be by themselves; see matchedDevices. */
  Incomplete: "Incomplete",
  /** False: the policy itself is malformed: a range that is none, say. */
  Invalid: "Invalid",
  /** False: policies count only in the reconciler's own namespace. */
  OtherNamespace: "OtherNamespace",
} as const;

export type PolicyReason = (typeof PolicyReason)[keyof typeof PolicyReason];

/** A condition that is True where a policy asks for what this project does not carry out; the message names the fields. */
export const UNSUPPORTED = "Unsupported";

export const SRIOV_NETWORK_NODE_POLICY: ResourceType<SriovNetworkNodePolicy> = {
  apiVersion: SRIOV_NETWORK_API_VERSION,
  kind: "SriovNetworkNodePolicy",
  plural: "sriovnetworknodepolicies",
  namespaced: true,
};
