import type { PlannedVf, VfCountPlan } from "../vf-count.js";

/** Pure: the plan once these claims are gone, so that VFs that nobody else has are in use no more. */
export function withoutFreed(plan: VfCountPlan, claims: ReadonlySet<string> = new Set<string>()): VfCountPlan {
  if (claims.size === 0) return plan;
  return { ...plan, destroyed: plan.destroyed.map((vf) => (isFreed(vf, claims) ? { ...vf, usedBy: undefined } : vf)) };
}

/** Whoever tells of users names a claim as `claim node1-0000:04:10.0 of alice`, and beside it who else has its device. */
function isFreed({ usedBy = "" }: PlannedVf, claims: ReadonlySet<string>): boolean {
  return usedBy.split(", ").every((user) => {
    const [, claim] = /^claim (\S+)(?: of .*)?$/.exec(user) ?? [];
    return claim !== undefined && claims.has(claim);
  });
}
