import type { PlannedVf, VfCountPlan } from "../vf-count.js";

/** Pure: the plan once these claims are gone, so that VFs that nobody else has are in use no more. */
export function withoutFreed(plan: VfCountPlan, claims: ReadonlySet<string> = new Set<string>()): VfCountPlan {
  if (claims.size === 0) return plan;
  return { ...plan, destroyed: plan.destroyed.map((vf) => (isFreed(vf, claims) ? { ...vf, usedBy: undefined } : vf)) };
}

/** Pure: whether claims are all that has a VF, of whom the words are. */
export function isClaimedOnly(usedBy: string): boolean {
  return claimsIn(usedBy).every((claim) => claim !== undefined);
}

function isFreed({ usedBy = "" }: PlannedVf, claims: ReadonlySet<string>): boolean {
  return claimsIn(usedBy).every((claim) => claim !== undefined && claims.has(claim));
}

/** Whoever tells of users names a claim as `claim node1-0000:04:10.0 of alice`, and beside it who else has its device. */
function claimsIn(usedBy: string): readonly (string | undefined)[] {
  return usedBy.split(", ").map((user) => /^claim (\S+)(?: of .*)?$/.exec(user)?.[1]);
}
