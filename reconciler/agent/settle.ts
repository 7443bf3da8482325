import { setTimeout } from "node:timers/promises";
import type { Kernel, PciAddress, PhysicalFunction } from "../kernel/kernel.js";

/**
 * Reads a NIC until all its VFs have a driver and an interface name, which udev and drivers give them after the write
 * has returned, or until time is up. sysfs tells nobody when that happens, hence a look now and then, first at once.
 */
export async function waitUntilSettled(
  kernel: Kernel,
  address: PciAddress,
  deadlineMs: number,
): Promise<PhysicalFunction | undefined> {
  const until = Date.now() + deadlineMs;
  for (let ms = 5; ; ms = Math.min(ms * 2, 200)) {
    const nic = await kernel.physicalFunction(address);
    if (nic === undefined || isSettled(nic) || Date.now() >= until) return nic;
    await setTimeout(ms);
  }
}

function isSettled(nic: PhysicalFunction): boolean {
  return (
    nic.virtualFunctions.length === nic.numVfs &&
    nic.virtualFunctions.every((vf) => vf.driver !== undefined && vf.interfaces.length > 0)
  );
}
