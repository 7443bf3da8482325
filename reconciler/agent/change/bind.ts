import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { KernelError, type VirtualFunction } from "../../kernel/kernel.js";
import type { Refusal } from "./outcome.js";
import type { Phase, Work } from "./phase.js";
import { refusalBy, refused } from "./refusal.js";
import type { VfGroups } from "./vf-groups.js";

/** After VFs were made with autoprobe off: each gets the driver that it would have got, or the one for guests. */
export const bind: Phase = async (work) => {
  const { kernel, nic, plan, groups } = work;
  if (plan.to === 0 || !groups.anyForGuests(plan.to)) return undefined;
  const made = (await kernel.physicalFunction(nic.address))?.virtualFunctions ?? [];
  // Where autoprobe was off before, somebody wants VFs without drivers.
  const others = nic.driversAutoprobe ? made.filter(isUndriven).filter((vf) => !groups.isForGuest(vf)) : [];
  return (await probe(work, others)) ?? bindToVfio(work, made);
};

/**
 * Of a NIC whose count is right: finishes what a change left undone. A claimed VF that has a driver keeps it, since whoever
 * gave it that may use it.
 */
export async function bindLeftovers(work: Omit<Work, "plan">): Promise<Refusal | undefined> {
  const { kernel, nic, groups, autoprobe, deadlineMs } = work;
  if (groups.areNone) return undefined;
  const undriven = nic.virtualFunctions.filter(isUndriven);
  if (autoprobe.isLeftOff(nic)) {
    const others = undriven.filter((vf) => !groups.isForGuest(vf));
    try {
      await autoprobe.putBack(kernel, nic.address, deadlineMs);
    } catch (error) {
      return refusalBy(error, nic);
    }
    const refusal = await probe(work, others);
    if (refusal !== undefined) return refusal;
  }
  return bindToVfio(
    work,
    undriven.filter((vf) => groups.isClaimed(vf)),
  );
}

function isUndriven({ driver }: VirtualFunction): boolean {
  return driver === undefined;
}

/** Has the kernel pick their drivers. */
async function probe(
  { kernel, nic, deadlineMs }: Omit<Work, "plan">,
  vfs: readonly VirtualFunction[],
): Promise<Refusal | undefined> {
  try {
    for (const { address } of vfs) await kernel.bindDriver(address, undefined, { deadlineMs });
    return undefined;
  } catch (error) {
    return refusalBy(error, nic);
  }
}

async function bindToVfio(
  { kernel, groups, deadlineMs }: Omit<Work, "plan">,
  vfs: readonly VirtualFunction[],
): Promise<Refusal | undefined> {
  for (const vf of vfs) {
    if (!groups.isForGuest(vf) || vf.driver === VFIO_DRIVER) continue;
    try {
      await kernel.bindDriver(vf.address, VFIO_DRIVER, { deadlineMs });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return refused(describeUnbound(vf, groups, error));
    }
  }
  return undefined;
}

/** Of a VF that a guest is to have: what the kernel answered, and what that needs. */
export function describeUnbound(vf: VirtualFunction, groups: VfGroups, { message }: KernelError): string {
  return (
    `VF ${vf.address} ${groups.whoseGuest(vf)}, but could not be bound to ${VFIO_DRIVER}: ${message}. That needs the ` +
    `kernel's module ${VFIO_DRIVER}, and an IOMMU that is on.`
  );
}
