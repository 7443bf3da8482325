import type { VfCountPlan } from "../../../plan/vf-count.js";
import type { PhysicalFunction } from "../../kernel/kernel.js";
import type { Refusal } from "./outcome.js";

/**
 * Does the NIC have what was written? A driver may make fewer VFs than it was asked for, and answer with success. Pure.
 * `made`: how many it had right after the write.
 */
export function verify(
  { to }: Pick<VfCountPlan, "to">,
  found: Pick<PhysicalFunction, "numVfs">,
  made = found.numVfs,
): Refusal | undefined {
  if (found.numVfs === to) return undefined;
  const what = `the kernel took ${to} without an error, but the NIC has ${found.numVfs} VFs`;
  const message = isShortfall({ to }, found, made)
    ? `${what}: its driver makes no more. Set the count to ${found.numVfs}, or look for the driver's limit in the node's ` +
      `kernel log (dmesg).`
    : `${what}: somebody else changes it, or its driver was reset; see the node's kernel log (dmesg).`;
  return { kind: "kernelRefused", message };
}

/**
 * Some VFs, and fewer than were asked for: another try would destroy them and end as before. Where the NIC had all of them at
 * first, its driver can make them, and somebody else took them away.
 */
export function isShortfall(
  { to }: Pick<VfCountPlan, "to">,
  { numVfs }: Pick<PhysicalFunction, "numVfs">,
  made: number,
): boolean {
  return numVfs > 0 && numVfs < to && made < to;
}
