import { describeChange, type UsedVf, usedVfs, type VfCountPlan } from "../vf-count.js";
import { describeImpact, type Impact, type ImpactNotes, type UsedFunction } from "./impact.js";

/** What decides whether VFs in use go. */
export interface CountTerms {
  /** What the program says of VFs in use. */
  readonly onVfsInUse: "refuse" | "proceed" | undefined;
  /** Whether anybody tells here who uses a VF. */
  readonly usersKnown: boolean;
}

/** Pure: what a change of a NIC's count does. */
export function countImpact(
  { name, nodeName }: { readonly name: string; readonly nodeName: string },
  plan: VfCountPlan,
  terms: CountTerms,
): Impact {
  return {
    object: name,
    kind: "nic",
    nodeName,
    change: describeChange(plan),
    destroyed: plan.destroyed.length,
    created: plan.created,
    inUse: usedVfs(plan).map(asUsed),
    outcome: outcomeOf(plan, terms),
  };
}

/** The paragraph of a {@link countImpact}, with every VF that goes. */
export function describeCountImpact(
  impact: Impact,
  plan: VfCountPlan,
  notes: Omit<ImpactNotes, "unused"> = {},
): string {
  const used = new Set(impact.inUse.map(({ address }) => address));
  return describeImpact(impact, { ...notes, unused: plan.destroyed.filter(({ address }) => !used.has(address)) });
}

function outcomeOf(plan: VfCountPlan, { onVfsInUse, usersKnown }: CountTerms): Impact["outcome"] {
  if (plan.destroyed.length === 0) return "none";
  if (usedVfs(plan).length > 0) return onVfsInUse === "proceed" ? "proceeds" : "refused";
  return usersKnown ? "none" : "unknown";
}

function asUsed({ address, interfaceName, usedBy }: UsedVf): UsedFunction {
  return { address, ...(interfaceName && { interfaceName }), usedBy };
}
