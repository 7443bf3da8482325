import type { IncapableNic, PciAddress, PhysicalFunction } from "../kernel.js";
import { devicePath } from "./pci-functions.js";
import { mayHaveVirtualFunctions, NETWORK_CLASS } from "./physical-functions.js";
import { listDirectory, readAttribute, readLinkName, readOptionalAttribute } from "./sysfs.js";

/**
 * The network devices among `addresses` beside the capable ones and their VFs, in the same order. One file is read of
 * each other device, and none of VFs, of which there may be hundreds. What vanishes meanwhile, or can't be read, is left
 * out.
 */
export function readIncapableNics(
  sysRoot: string,
  addresses: readonly PciAddress[],
  capable: readonly PhysicalFunction[],
): IncapableNic[] {
  const known = new Set(capable.flatMap((nic) => [nic.address, ...nic.virtualFunctions.map((vf) => vf.address)]));
  return addresses
    .filter((address) => !known.has(address))
    .map((address) => readIncapableNic(sysRoot, address))
    .filter((nic) => nic !== undefined);
}

function readIncapableNic(sysRoot: string, address: PciAddress): IncapableNic | undefined {
  const path = devicePath(sysRoot, address);
  try {
    if (readOptionalAttribute(`${path}/class`)?.startsWith(`0x${NETWORK_CLASS}`) !== true) return undefined;
    // A VF whose PF could not be read, or that has none here: a guest's.
    if (readLinkName(`${path}/physfn`) !== undefined) return undefined;
    if (mayHaveVirtualFunctions(sysRoot, address) && Number(readAttribute(`${path}/sriov_totalvfs`)) > 0) {
      return undefined;
    }
    return { address, interfaceName: listDirectory(`${path}/net`)?.sort()[0] ?? "" };
  } catch {
    return undefined;
  }
}
