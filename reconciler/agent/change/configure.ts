import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { FieldsV1 } from "../../../api/object.js";
import { aboveMaximumProblem } from "../../../plan/device-inputs.js";
import { planVfCount, type VfCountPlan } from "../../../plan/vf-count.js";
import { type Kernel, KernelError, type PhysicalFunction } from "../../kernel/kernel.js";

/** What is to be done about one NIC, given what its object asks for and what the kernel has. */
export type Decision =
  /** Nobody has ever set a count: the NIC keeps what it has. */
  | { readonly kind: "unmanaged" }
  | { readonly kind: "settled" }
  | { readonly kind: "tooMany"; readonly message: string }
  | { readonly kind: "change"; readonly plan: VfCountPlan };

/** What came of it. */
export type Outcome =
  | { readonly kind: "configured" | "unmanaged" }
  | { readonly kind: "inUse" | "tooMany" | "notEligible" | "kernelRefused"; readonly message: string };

export interface ConfigureOptions {
  /** How long one write to sysfs may take. */
  readonly writeDeadlineMs: number;
}

export function decide(device: SriovNetworkDevice, nic: PhysicalFunction): Decision {
  if (!isManaged(device)) return { kind: "unmanaged" };
  const wanted = device.spec.numVFS ?? 0;
  const message = aboveMaximumProblem(device.metadata.name, wanted, nic.totalVfs);
  if (message !== undefined) return { kind: "tooMany", message };
  const virtualFunctions = nic.virtualFunctions.map((vf) => ({
    address: vf.address,
    interfaceName: vf.interfaces[0]?.name,
  }));
  const plan = planVfCount({ numVfs: nic.numVfs, virtualFunctions }, wanted);
  return plan.writes.length === 0 ? { kind: "settled" } : { kind: "change", plan };
}

/** Writes the plan's counts in order. A refusal ends it there; what the NIC has then is for the caller to read. */
export async function carryOut(
  kernel: Kernel,
  nic: PhysicalFunction,
  plan: VfCountPlan,
  options: ConfigureOptions,
): Promise<Outcome> {
  for (const count of plan.writes) {
    try {
      await kernel.setNumVfs(nic.address, count, { deadlineMs: options.writeDeadlineMs });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return refusal(error, count);
    }
  }
  return { kind: "configured" };
}

function refusal(error: KernelError, count: number): Outcome {
  if (count === 0 && (error.code === "EBUSY" || error.code === "EPERM")) {
    return {
      kind: "inUse",
      message: `the kernel keeps the VFs, since some are in use: ${error.message}. Release them, or set the count back.`,
    };
  }
  return { kind: "kernelRefused", message: `${error.message}. It is tried again with growing pauses.` };
}

/** Has anybody ever declared a count? The object's first generation with an unowned count says no. */
export function isManaged(device: SriovNetworkDevice): boolean {
  if ((device.metadata.generation ?? 1) > 1) return true;
  return (device.metadata.managedFields ?? []).some((entry) => ownsCount(entry.fieldsV1));
}

function ownsCount(fields: FieldsV1 | undefined): boolean {
  return fields?.["f:spec"]?.["f:numVFS"] !== undefined;
}
