import type { VfCountPlan } from "../../../plan/vf-count.js";
import type { Kernel, PhysicalFunction } from "../../kernel/kernel.js";
import type { Autoprobe } from "./autoprobe.js";
import type { Refusal } from "./outcome.js";
import type { VfGroups } from "./vf-groups.js";

/** One step of a change in the kernel. Resolves with nothing when the next may follow. */
export type Phase = (work: Work) => Promise<Refusal | undefined>;

/** What the phases of one change work on. */
export interface Work {
  readonly kernel: Kernel;
  /** The NIC as it was when the plan was made. */
  readonly nic: PhysicalFunction;
  readonly plan: VfCountPlan;
  /** What is asked of the VFs, there already or not. */
  readonly groups: VfGroups;
  /** Of the NIC's own interfaces; undefined: whatever they have. */
  readonly mtu: number | undefined;
  readonly autoprobe: Autoprobe;
  /** How long one write to sysfs may take. */
  readonly deadlineMs: number;
}
