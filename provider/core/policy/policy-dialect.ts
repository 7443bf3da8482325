import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { Operation } from "../resource.js";
import type { PolicyScene } from "./policy-scene.js";

/** How policies are carried out in a cluster: by this project's controller, or by the sriov-network-operator. */
export interface PolicyDialect {
  /** All that policies of the namespace are planned by, as it is now. */
  scene(operation: Operation, namespace: string): Promise<PolicyScene>;
  /** Returns once every NIC that the policy selects has what it asks for. @throws {NicsFailed} and other errors in words. */
  awaitReady(operation: Operation, applied: SriovNetworkNodePolicy): Promise<void>;
  /** Returns once none of the NICs has anything left of the policy, which is gone or selects them no more. */
  awaitReleased(operation: Operation, place: PolicyPlace, nics: readonly string[]): Promise<void>;
  /** What has come of the policy, as far as it is known now. */
  results(operation: Operation, policy: SriovNetworkNodePolicy): Promise<PolicyResults>;
}

export interface PolicyPlace {
  readonly name: string;
  readonly namespace: string;
}

export interface PolicyResults {
  /** Ordered by node and address. */
  readonly matchedDevices: readonly MatchedDeviceOutput[];
  /** In one word: `Configured`, `NothingMatched`, or what else the policy's Ready condition gives as its reason. */
  readonly status: string;
}

/** A NIC that a policy selects. */
export interface MatchedDeviceOutput {
  readonly deviceName: string;
  readonly nodeName: string;
  readonly interfaceName: string;
  /** PCI address. */
  readonly address: string;
  /** VFs of the NIC by all policies together; absent where they leave the number to somebody else. */
  readonly numVfs?: number;
  /** The policy's own: `0-3`; absent where it has none there. */
  readonly vfRange?: string;
  /** PCI addresses of the policy's own VFs, in VF order. */
  readonly vfAddresses: readonly string[];
}
