import type { SriovNetworkNodePolicySpec } from "../../api/sriov-network-node-policy.js";

/** All that the merge of policies goes by: values of one moment, so that a preview and the controller come to one plan. */
export interface PolicySnapshot {
  readonly policies: readonly PolicyFacts[];
  readonly nodes: readonly NodeFacts[];
  readonly nics: readonly NicFacts[];
}

export interface PolicyFacts {
  readonly name: string;
  readonly spec: SriovNetworkNodePolicySpec;
}

export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One SR-IOV NIC, by whichever kind the cluster reports it. */
export interface NicFacts {
  /** What identifies it in the plan: the name of its SriovNetworkDevice. */
  readonly device: string;
  readonly nodeName: string;
  /** PCI address. */
  readonly address: string;
  readonly interfaceName: string;
  readonly alternativeNames: readonly string[];
  /** Four hex digits. */
  readonly vendorId: string;
  readonly deviceId: string;
  /** Undefined where it is not known. */
  readonly totalVfs: number | undefined;
  /** `eth` or `ib`, any case; undefined where it is not known. */
  readonly linkType: string | undefined;
  readonly netFilter: string | undefined;
}
