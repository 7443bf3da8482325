/**
 * The plan of a VF count change: what a preview prints and what the agent carries out are this one value.
 *
 * Linux changes the number of VFs only from or to 0, so any other change destroys every VF first.
 */
export interface VfCountPlan {
  readonly from: number;
  readonly to: number;
  /** The values to write to `sriov_numvfs`, in order: none, `[n]`, or `[0, n]`. */
  readonly writes: readonly number[];
  /** The VFs that go, in VF order: all of them, or none. */
  readonly destroyed: readonly PlannedVf[];
  /** How many VFs are made. */
  readonly created: number;
}

export interface PlannedVf {
  readonly address: string;
  readonly interfaceName?: string | undefined;
  /** What holds it now: a claim, a VM or a pod. */
  readonly usedBy?: string | undefined;
}

/** What a NIC has now: the kernel's count, and the VFs that were found. */
export interface PresentVfs {
  readonly numVfs: number;
  readonly virtualFunctions: readonly PlannedVf[];
}

export function planVfCount(present: PresentVfs, to: number): VfCountPlan {
  const from = present.numVfs;
  if (from === to) return { from, to, writes: [], destroyed: [], created: 0 };
  const writes = from > 0 && to > 0 ? [0, to] : [to];
  return { from, to, writes, destroyed: present.virtualFunctions, created: to };
}

/** The VFs that go although somebody holds them. */
export function usedVfs(plan: VfCountPlan): readonly UsedVf[] {
  return plan.destroyed.filter(isUsed);
}

export type UsedVf = PlannedVf & { readonly usedBy: string };

function isUsed(vf: PlannedVf): vf is UsedVf {
  return vf.usedBy !== undefined && vf.usedBy !== "";
}

/** One line for people: `4 → 6 VFs, by writing 0, then 6; 4 VFs go: 0000:04:10.0 (eno49v0), used by pod web/router-0; …`. */
export function describePlan(plan: VfCountPlan): string {
  const change = describeChange(plan);
  if (plan.writes.length === 0) return change;
  const writes = `${change}, by writing ${plan.writes.join(", then ")}`;
  const count = plan.destroyed.length;
  if (count === 0) return writes;
  return `${writes}; ${count} ${count === 1 ? "VF goes" : "VFs go"}: ${plan.destroyed.map(describeVf).join("; ")}`;
}

/** `4 → 6 VFs`. */
export function describeChange({ from, to }: Pick<VfCountPlan, "from" | "to">): string {
  return `${from} → ${to} ${to === 1 ? "VF" : "VFs"}`;
}

/** `0000:04:10.2 (eno49v1), used by pod web/router-0`. */
export function describeVf(vf: PlannedVf): string {
  const name = vf.interfaceName === undefined || vf.interfaceName === "" ? "" : ` (${vf.interfaceName})`;
  return `${vf.address}${name}${isUsed(vf) ? `, used by ${vf.usedBy}` : ""}`;
}
