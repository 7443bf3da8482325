import type { FieldsV1 } from "../../../api/object.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { aboveMaximumProblem } from "../../../plan/device-inputs.js";
import { planVfCount, type VfCountPlan } from "../../../plan/vf-count.js";
import type { PciAddress, PhysicalFunction } from "../../kernel/kernel.js";

/** What is to be done about one NIC, given what its object asks for, what the kernel has, and who uses it. */
export type Decision =
  /** Nobody has ever set a count: the NIC keeps what it has. */
  | { readonly kind: "unmanaged" }
  | { readonly kind: "settled" }
  | { readonly kind: "tooMany"; readonly message: string }
  | { readonly kind: "change"; readonly plan: VfCountPlan };

/** Pure. `users` are the NIC's VFs that are in use, each with who holds it. */
export function decide(
  device: SriovNetworkDevice,
  nic: PhysicalFunction,
  users: ReadonlyMap<PciAddress, string>,
): Decision {
  if (!isManaged(device)) return { kind: "unmanaged" };
  const wanted = wantedCount(device);
  const message = aboveMaximumProblem(device.metadata.name, wanted, nic.totalVfs);
  if (message !== undefined) {
    return { kind: "tooMany", message: `${message}. Ask for fewer, or raise the maximum in the NIC's firmware.` };
  }
  const virtualFunctions = nic.virtualFunctions.map((vf) => ({
    address: vf.address,
    interfaceName: vf.interfaces[0]?.name,
    usedBy: users.get(vf.address),
  }));
  const plan = planVfCount({ numVfs: nic.numVfs, virtualFunctions }, wanted);
  return plan.writes.length === 0 ? { kind: "settled" } : { kind: "change", plan };
}

export function wantedCount(device: SriovNetworkDevice): number {
  return device.spec.numVFS ?? 0;
}

/**
 * Has anybody ever declared a count? Then the NIC gets what is declared, and 0 once that is released. Until then it keeps
 * what it has, whatever else is asked of it: an edit of its MTU or groups makes a new generation too.
 */
export function isManaged({ metadata, status }: SriovNetworkDevice): boolean {
  if ((metadata.managedFields ?? []).some((entry) => ownsCount(entry.fieldsV1))) return true;
  // An agent of before `countManaged` took every generation that it saw after the first for a declared count.
  return status?.countManaged ?? (status?.observedGeneration ?? 1) > 1;
}

function ownsCount(fields: FieldsV1 | undefined): boolean {
  return fields?.["f:spec"]?.["f:numVFS"] !== undefined;
}
