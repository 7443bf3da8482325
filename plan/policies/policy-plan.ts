import type { VfGroup } from "../../api/sriov-network-device.js";
import type { InputProblem } from "../input-problem.js";

/** What policies come to: for each NIC what it is to be, and for each policy what has come of it. */
export interface PolicyPlan {
  /** NICs that at least one policy has a say in, by name. */
  readonly devices: ReadonlyMap<string, DevicePlan>;
  /**
   * NICs that are no part of `devices` and yet must keep what they have, by name: policies select them, but none can be
   * carried out there, or it is not known which do. A mistake in a policy takes no VFs away.
   */
  readonly kept: ReadonlySet<string>;
  /** Every policy of the snapshot, by name. */
  readonly policies: ReadonlyMap<string, PlannedPolicy>;
}

/** What one NIC is to be by all policies together. */
export interface DevicePlan {
  readonly device: string;
  readonly nodeName: string;
  /** Undefined where the policies leave the number to somebody else (`externallyManaged`). */
  readonly numVfs: number | undefined;
  readonly mtu: number | undefined;
  /** Ordered by their first VF; they do not overlap. */
  readonly vfGroups: readonly VfGroup[];
  /** Names of the policies that have a part in it, the one that goes first before the others. */
  readonly policies: readonly string[];
}

export interface PlannedPolicy {
  readonly name: string;
  /** The NICs that it selects, ordered by node and address. */
  readonly matches: readonly PolicyMatch[];
  /** Why nothing of it can be carried out: it is malformed. Empty where it is not. */
  readonly problems: readonly InputProblem[];
  /** Fields that it sets to what this project does not carry out, such as `eSwitchMode: switchdev`. */
  readonly unsupported: readonly string[];
}

export interface PolicyMatch {
  readonly device: string;
  readonly nodeName: string;
  readonly interfaceName: string;
  readonly address: string;
  /** The VFs of this NIC that the policy gets: `0-3`; undefined where it gets none. */
  readonly vfRange: string | undefined;
  /** Why the policy does not get all it asks for on this NIC; undefined where it does. */
  readonly problem: MatchProblem | undefined;
}

export interface MatchProblem {
  /**
   * `tooMany`: more VFs, or a VF further up, than the NIC supports. `range`: its range does not fit the number that it asks
   * for. `overlap`: a policy that goes before has the same VFs. `sameResource`: one that goes before has the same resource
   * name there, which the operator lets have the NIC alone. `linkType`: the NIC's is another. `externallyManaged`: one that goes before has
   * it otherwise who makes the VFs. `unsupported`: it asks for VFs of a sort that this project does not make.
   */
  readonly kind: "tooMany" | "range" | "overlap" | "sameResource" | "linkType" | "externallyManaged" | "unsupported";
  /** A sentence for people that names the NIC, the cause and what to do. */
  readonly message: string;
}
