import { KernelError, type VirtualFunction } from "../../kernel/kernel.js";
import type { Refusal } from "./outcome.js";
import type { Phase, Work } from "./phase.js";
import { refusalBy, refused } from "./refusal.js";

/** Has VFs for guests, and gives them no interface. */
export const VFIO_DRIVER = "vfio-pci";

/** After VFs were made with autoprobe off: each gets the driver that it would have got, or the one for guests. */
export const bind: Phase = async (work) => {
  const { kernel, nic, plan, meantForVfio } = work;
  if (plan.to === 0 || meantForVfio.size === 0) return undefined;
  const made = (await kernel.physicalFunction(nic.address))?.virtualFunctions ?? [];
  // Where autoprobe was off before, somebody wants VFs without drivers.
  const others = nic.driversAutoprobe
    ? made.filter(isUndriven).filter(({ address }) => !meantForVfio.has(address))
    : [];
  return (await probe(work, others)) ?? bindToVfio(work, made);
};

/**
 * Of a NIC whose count is right: finishes what a change left undone. A VF that has a driver keeps it, since whoever gave
 * it that may use it.
 */
export async function bindLeftovers(work: Omit<Work, "plan">): Promise<Refusal | undefined> {
  const { kernel, nic, meantForVfio, autoprobe, deadlineMs } = work;
  if (meantForVfio.size === 0) return undefined;
  const undriven = nic.virtualFunctions.filter(isUndriven);
  if (autoprobe.isLeftOff(nic)) {
    const others = undriven.filter(({ address }) => !meantForVfio.has(address));
    try {
      await autoprobe.putBack(kernel, nic.address, deadlineMs);
    } catch (error) {
      return refusalBy(error, nic);
    }
    const refusal = await probe(work, others);
    if (refusal !== undefined) return refusal;
  }
  return bindToVfio(work, undriven);
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
  { kernel, meantForVfio, deadlineMs }: Omit<Work, "plan">,
  vfs: readonly VirtualFunction[],
): Promise<Refusal | undefined> {
  for (const { address, driver } of vfs) {
    if (!meantForVfio.has(address) || driver === VFIO_DRIVER) continue;
    try {
      await kernel.bindDriver(address, VFIO_DRIVER, { deadlineMs });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return refused(
        `VF ${address} is claimed for passthrough, but could not be bound to ${VFIO_DRIVER}: ${error.message}. That ` +
          `needs the kernel's module ${VFIO_DRIVER}, and an IOMMU that is on.`,
      );
    }
  }
  return undefined;
}
