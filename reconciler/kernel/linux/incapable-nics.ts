import type { IncapableNic, PciAddress, PhysicalFunction } from "../kernel.js";
import { mapBounded } from "./bounded.js";
import { devicesPath, listPciAddresses, NETWORK_CLASS } from "./physical-functions.js";
import { listDirectory, readAttributeIfPresent, readLinkName, readOptionalAttribute } from "./sysfs.js";

/**
 * The network devices beside the capable ones and their VFs, ordered by address. One file is read of each other device,
 * and none of VFs, of which there may be hundreds. What vanishes meanwhile, or can't be read, is left out.
 */
export async function readIncapableNics(
  sysRoot: string,
  capable: readonly PhysicalFunction[],
): Promise<readonly IncapableNic[]> {
  const known = new Set(capable.flatMap((nic) => [nic.address, ...nic.virtualFunctions.map((vf) => vf.address)]));
  const others = (await listPciAddresses(sysRoot)).filter((address) => !known.has(address));
  const found = await mapBounded(others, DEVICES_AT_ONCE, (address) =>
    readIncapableNic(sysRoot, address).catch(() => undefined),
  );
  return found.filter((nic) => nic !== undefined);
}

const DEVICES_AT_ONCE = 8;

async function readIncapableNic(sysRoot: string, address: PciAddress): Promise<IncapableNic | undefined> {
  const path = `${devicesPath(sysRoot)}/${address}`;
  const classId = await readOptionalAttribute(`${path}/class`);
  if (classId?.startsWith(`0x${NETWORK_CLASS}`) !== true) return undefined;
  // A VF whose PF could not be read, or that has none here: a guest's.
  if ((await readLinkName(`${path}/physfn`)) !== undefined) return undefined;
  if (Number(await readAttributeIfPresent(`${path}/sriov_totalvfs`)) > 0) return undefined;
  const names = (await listDirectory(`${path}/net`)).sort();
  return { address, interfaceName: names[0] ?? "" };
}
