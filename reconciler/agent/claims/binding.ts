import { ClaimReason, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import type { ClaimRefusal } from "../../../plan/claims/claim-refusal.js";
import { type Kernel, KernelError, type PciFunctionDetail } from "../../kernel/kernel.js";

type BindingKernel = Pick<Kernel, "pciFunction" | "bindDriver" | "loadDriver">;

/** What came of a change of a function's driver. */
export interface Bound {
  /** As it is afterwards; undefined where it has vanished, or cannot be read. */
  readonly found: PciFunctionDetail | undefined;
  /** What the kernel answered, or did not do. */
  readonly refusal?: ClaimRefusal | undefined;
}

/** Binds a function to the driver for guests, whose module is loaded where it has to be, and sees that it is bound. */
export async function bindForGuests(
  kernel: BindingKernel,
  { address, driver: before }: PciFunctionDetail,
  deadlineMs: number,
): Promise<Bound> {
  const refusal =
    (await attempt(() => kernel.loadDriver(VFIO_DRIVER, { deadlineMs }), moduleMissing)) ??
    (await attempt(() => kernel.bindDriver(address, VFIO_DRIVER, { deadlineMs }), refusedByKernel));
  const { found, refusal: unread } = await read(kernel, address);
  if (found === undefined || refusal !== undefined) return { found, refusal: refusal ?? unread };
  if (found.driver === VFIO_DRIVER) return { found };
  const words =
    `the kernel bound ${address} to ${VFIO_DRIVER} without an error, but it has ${found.driver ?? "no driver"}: something ` +
    `else on the node binds it, to ${before ?? "another driver"} maybe (driverctl, udev).`;
  return { found, refusal: refused(words) };
}

/** Gives a function that guests had back to its old driver, or where that is empty to the one that the kernel picks. */
export async function giveBack(
  kernel: BindingKernel,
  { address }: PciFunctionDetail,
  driver: string,
  deadlineMs: number,
): Promise<Bound> {
  // Its module may have been unloaded meanwhile. Where it cannot be loaded, what follows tells that it has no driver.
  if (driver !== "") await attempt(() => kernel.loadDriver(driver, { deadlineMs }), refusedByKernel);
  const refusal = await attempt(
    () => kernel.bindDriver(address, undefined, { deadlineMs, takeFrom: VFIO_DRIVER }),
    refusedByKernel,
  );
  const { found, refusal: unread } = await read(kernel, address);
  if (found === undefined || refusal !== undefined) return { found, refusal: found && (refusal ?? unread) };
  if (found.driver === VFIO_DRIVER) {
    return {
      found,
      refusal: refused(`${address} was taken from ${VFIO_DRIVER}, and something bound it to that again.`),
    };
  }
  if (found.driver !== undefined || driver === "") return { found };
  const words = `no driver takes ${address} back, which had ${driver} before: load that driver's module (modprobe ${driver}).`;
  return { found, refusal: refused(words) };
}

/** @throws `error` where it is no answer of the kernel's. */
export function refusedByKernel(error: unknown): ClaimRefusal {
  if (!(error instanceof KernelError)) throw error;
  return refused(`${error.message}. See what the node's kernel log (dmesg) says.`);
}

function moduleMissing(error: unknown): ClaimRefusal {
  if (!(error instanceof KernelError) || error.code === "ETIMEDOUT") return refusedByKernel(error);
  const message =
    `the kernel has no driver ${VFIO_DRIVER}, and it could not be loaded: ${error.message}. It is tried again with growing ` +
    `pauses.`;
  return { reason: ClaimReason.ModuleMissing, message };
}

function refused(words: string): ClaimRefusal {
  return { reason: ClaimReason.KernelRefused, message: `${words} It is tried again with growing pauses.` };
}

async function attempt(
  work: () => Promise<void>,
  inWords: (error: unknown) => ClaimRefusal,
): Promise<ClaimRefusal | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return inWords(error);
  }
}

async function read(kernel: BindingKernel, address: PciFunctionDetail["address"]): Promise<Bound> {
  try {
    return { found: await kernel.pciFunction(address) };
  } catch (error) {
    return { found: undefined, refusal: refusedByKernel(error) };
  }
}
