import { SRIOV_NETWORK_API_VERSION } from "./names.js";
import type { KubeObject, ResourceType } from "./object.js";

/**
 * The sriov-network-operator's report of one node; the object has the node's name. This project neither makes nor needs it:
 * that a cluster has the kind tells that the operator is at work there.
 */
export interface SriovNetworkNodeState extends KubeObject {
  readonly spec?: { readonly interfaces?: readonly NodeStateInterface[] };
  readonly status?: {
    readonly syncStatus?: "Succeeded" | "InProgress" | "Failed" | (string & {});
    readonly lastSyncError?: string;
    readonly interfaces?: readonly NodeStateInterfaceStatus[];
  };
}

/** One NIC as the policies together want it. */
export interface NodeStateInterface {
  readonly name?: string;
  readonly pciAddress: string;
  readonly numVfs?: number;
  readonly mtu?: number;
  /** Somebody else makes the VFs. */
  readonly externallyManaged?: boolean;
  readonly vfGroups?: readonly {
    readonly policyName?: string;
    readonly resourceName?: string;
    readonly vfRange?: string;
    readonly deviceType?: string;
  }[];
}

/** One NIC as it is. */
export interface NodeStateInterfaceStatus {
  readonly name?: string;
  readonly altNames?: readonly string[];
  readonly pciAddress: string;
  readonly vendor?: string;
  readonly deviceID?: string;
  readonly driver?: string;
  readonly totalvfs?: number;
  readonly numVfs?: number;
  readonly mtu?: number;
  readonly linkType?: string;
  readonly netFilter?: string;
  readonly Vfs?: readonly {
    readonly name?: string;
    readonly pciAddress: string;
    readonly driver?: string;
    readonly vfID: number;
  }[];
}

export const SRIOV_NETWORK_NODE_STATE: ResourceType<SriovNetworkNodeState> = {
  apiVersion: SRIOV_NETWORK_API_VERSION,
  kind: "SriovNetworkNodeState",
  plural: "sriovnetworknodestates",
  namespaced: true,
};
