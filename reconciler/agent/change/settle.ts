import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { setTimeout } from "node:timers/promises";
import type { Kernel, PciAddress, PhysicalFunction, VirtualFunction } from "../../kernel/kernel.js";

/** Where nothing moves for this long, nothing more is to come: VFs without a driver never get an interface. */
const QUIET_MS = 2_000;

export interface Settled {
  readonly nic: PhysicalFunction;
  /** How many VFs it had at the first look: what its driver made, if somebody else changed the count after that. */
  readonly made: number;
}

/**
 * Reads a NIC until all its VFs have a driver and an interface name, which udev and drivers give them after the write
 * has returned, or until nothing moves any more, or time is up. sysfs tells nobody when that happens, hence a look now
 * and then, first at once.
 */
export async function waitUntilSettled(
  kernel: Kernel,
  address: PciAddress,
  deadlineMs: number,
): Promise<Settled | undefined> {
  const until = Date.now() + deadlineMs;
  let made: number | undefined;
  let progress = { steps: -1, since: Date.now() };
  for (let ms = 5; ; ms = Math.min(ms * 2, 200)) {
    const nic = await kernel.physicalFunction(address);
    if (nic === undefined) return undefined;
    made ??= nic.numVfs;
    const { done, all } = stepsOf(nic);
    if (done > progress.steps) progress = { steps: done, since: Date.now() };
    const quiet = Date.now() - progress.since >= QUIET_MS;
    if (done === all || quiet || Date.now() >= until) return { nic, made };
    await setTimeout(ms);
  }
}

/** Two steps for each VF: its driver, its interface. */
function stepsOf({ numVfs, virtualFunctions, driversAutoprobe }: PhysicalFunction): {
  readonly done: number;
  readonly all: number;
} {
  const done = virtualFunctions.reduce((sum, vf) => sum + stepsDone(vf, driversAutoprobe), 0);
  return { done, all: 2 * numVfs };
}

function stepsDone(vf: VirtualFunction, driversAutoprobe: boolean): number {
  // Nobody gives it a driver, and a guest's driver gives it no interface.
  if (vf.driver === undefined) return driversAutoprobe ? 0 : 2;
  return vf.driver === VFIO_DRIVER || vf.interfaces.length > 0 || vf.interfaceElsewhere ? 2 : 1;
}
