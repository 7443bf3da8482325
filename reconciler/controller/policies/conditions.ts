import type { Condition } from "../../../api/object.js";
import type { SriovNetworkNodePolicyStatus } from "../../../api/sriov-network-node-policy.js";

/** Since when it holds, and of which generation it speaks, is known when it is written. */
export type ReportedCondition = Omit<Condition, "lastTransitionTime" | "observedGeneration">;

export type ReportedStatus = Omit<SriovNetworkNodePolicyStatus, "conditions" | "observedGeneration"> & {
  readonly conditions: readonly ReportedCondition[];
};

/** The whole status; a condition that says what it said keeps its time, so that nothing differs where nothing is new. */
export function stamped(
  reported: ReportedStatus,
  generation: number,
  before: readonly Condition[],
  now: Date,
): SriovNetworkNodePolicyStatus {
  const conditions = reported.conditions.map((condition): Condition => {
    const previous = before.find(({ type }) => type === condition.type);
    const lastTransitionTime =
      previous?.status === condition.status ? previous.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, "Z");
    return { ...condition, observedGeneration: generation, lastTransitionTime };
  });
  return { ...reported, observedGeneration: generation, conditions };
}
