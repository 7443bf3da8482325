import type { VfCountPlan } from "../../../plan/vf-count.js";
import type { Kernel, PciAddress, PhysicalFunction } from "../../kernel/kernel.js";
import type { Autoprobe } from "./autoprobe.js";
import type { Refusal } from "./outcome.js";

/** One step of a change in the kernel. Resolves with nothing when the next may follow. */
export type Phase = (work: Work) => Promise<Refusal | undefined>;

/** What the phases of one change work on. */
export interface Work {
  readonly kernel: Kernel;
  /** The NIC as it was when the plan was made. */
  readonly nic: PhysicalFunction;
  readonly plan: VfCountPlan;
  /** Addresses of VFs, there already or not, that guests are to have. */
  readonly meantForVfio: ReadonlySet<PciAddress>;
  readonly autoprobe: Autoprobe;
  /** How long one write to sysfs may take. */
  readonly deadlineMs: number;
}
