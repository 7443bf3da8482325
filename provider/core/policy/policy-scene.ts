import type { PresentVfs } from "../../../plan/vf-count.js";
import type { NicFacts, PolicySnapshot } from "../../../plan/policies/snapshot.js";

/** All that policies of one namespace are planned by, and what their NICs are like now. */
export interface PolicyScene {
  readonly snapshot: PolicySnapshot;
  /** By the name that identifies the NIC in the plan. */
  readonly nics: ReadonlyMap<string, SceneNic>;
}

export interface SceneNic {
  readonly facts: NicFacts;
  /** The VFs that it has. */
  readonly present: PresentVfs;
  /** The count that its object asks for. */
  readonly asked: number;
  /** Whether policies have set that count, so that it falls to 0 with the last of them. */
  readonly askedByPolicies: boolean;
  /** Field managers that own the count beside the controller. */
  readonly directOwners: readonly string[];
}
