import { isPciAddress, type PciAddress, type PhysicalFunction, type VirtualFunction } from "../kernel.js";
import { readNetworkInterfaces, type NetworkFacts } from "./network-interfaces.js";
import { devicePath, readBinding, readIdentity, type Identity } from "./pci-functions.js";
import { isThere, listDirectory, readAttribute, readLinkName, readOptionalAttribute, unlessAbsent } from "./sysfs.js";

/** Whether a function can have VFs at all: only a PF has this file. For everything else on the bus this is all. */
export function mayHaveVirtualFunctions(sysRoot: string, address: PciAddress): boolean {
  return isThere(`${devicePath(sysRoot, address)}/sriov_totalvfs`);
}

/**
 * The physical function at `address` with its VFs; `undefined` where there is none: no such device, one that can't have
 * VFs, or one that is no NIC.
 *
 * @throws {KernelError} It is there and can't be read, or went while it was being read (ENOENT).
 */
export function readPhysicalFunction(address: PciAddress, facts: NetworkFacts): PhysicalFunction | undefined {
  const path = devicePath(facts.sysRoot, address);
  if (!mayHaveVirtualFunctions(facts.sysRoot, address)) return undefined;
  const totalVfs = Number(unlessAbsent(path, () => readAttribute(`${path}/sriov_totalvfs`)));
  if (!(totalVfs > 0)) return undefined;
  const identity = readIdentity(path);
  if (!identity.classId.startsWith(NETWORK_CLASS)) return undefined;
  const names = listDirectory(path) ?? [];
  if (names.includes("physfn")) return undefined;

  const virtualFunctions = readVirtualFunctions(path, names, facts);
  return {
    address,
    ...identity,
    ...readBinding(path),
    interfaces: readNetworkInterfaces(path, facts) ?? [],
    totalVfs,
    // Not from `sriov_numvfs`, whose readers wait while a write to it is under way. The links are what it counts.
    numVfs: virtualFunctions.length,
    virtualFunctions,
    driversAutoprobe: readOptionalAttribute(`${path}/sriov_drivers_autoprobe`) !== "0",
  };
}

/** PCI base class 02: network controllers. */
export const NETWORK_CLASS = "02";

export interface VirtualFunctionLink {
  readonly index: number;
  readonly address: PciAddress;
}

function readVirtualFunctions(path: string, names: readonly string[], facts: NetworkFacts): VirtualFunction[] {
  const links = readVirtualFunctionLinks(path, names);
  const identity = readSharedIdentity(facts.sysRoot, links);
  if (identity === undefined) return [];
  return links.map((link) => readVirtualFunction(link, identity, facts));
}

function readVirtualFunction(
  { index, address }: VirtualFunctionLink,
  identity: Identity,
  { sysRoot, interfaceAddresses }: NetworkFacts,
): VirtualFunction {
  const path = devicePath(sysRoot, address);
  const binding = readBinding(path);
  // Without alternative names: nobody selects a VF by them, and there may be hundreds of VFs.
  const interfaces = readNetworkInterfaces(path, { sysRoot, interfaceAddresses });
  // The folder of interfaces shows those of one network namespace, but is there as long as one in any exists.
  const interfaceElsewhere = binding.driver !== undefined && interfaces?.length === 0;
  return { address, ...identity, ...binding, interfaces: interfaces ?? [], index, interfaceElsewhere };
}

/** Ordered by number: `virtfn10` comes after `virtfn2`. */
export function readVirtualFunctionLinks(path: string, names: readonly string[]): VirtualFunctionLink[] {
  const links = names.flatMap((name) => {
    const digits = /^virtfn(\d+)$/.exec(name)?.[1];
    const target = digits === undefined ? undefined : readLinkName(`${path}/${name}`);
    return target !== undefined && isPciAddress(target) ? [{ index: Number(digits), address: target }] : [];
  });
  return links.sort((a, b) => a.index - b.index);
}

/**
 * All VFs of a PF have one vendor, device and class: the standard gives them one VF device ID, and Linux itself reads
 * the class of the first only. Reading them once saves three files for each VF.
 */
function readSharedIdentity(sysRoot: string, links: readonly VirtualFunctionLink[]): Identity | undefined {
  for (const { address } of links) {
    const path = devicePath(sysRoot, address);
    const identity = unlessAbsent(path, () => readIdentity(path));
    if (identity !== undefined) return identity;
  }
  return undefined;
}
