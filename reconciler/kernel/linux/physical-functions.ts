import {
  isPciAddress,
  type ListedPciFunction,
  parsePciAddress,
  type PciAddress,
  type NetworkFunction,
  type PciFunction,
  type PhysicalFunction,
  type VirtualFunction,
} from "../kernel.js";
import { mapBounded } from "./bounded.js";
import { readNetworkInterfaces } from "./network-interfaces.js";
import {
  ifAbsent,
  listDirectory,
  readAttribute,
  readAttributeIfPresent,
  readLinkName,
  readOptionalAttribute,
} from "./sysfs.js";

export function devicesPath(sysRoot: string): string {
  return `${sysRoot}/bus/pci/devices`;
}

/** Addresses of all PCI devices, in order. */
export async function listPciAddresses(sysRoot: string): Promise<PciAddress[]> {
  return (await listDirectory(devicesPath(sysRoot))).filter(isPciAddress).sort();
}

/**
 * The physical function at `address` with its VFs; `undefined` where there is none: no such device, one that can't have
 * VFs, or one that is no NIC.
 *
 * @throws {KernelError} It is there and can't be read, or went while it was being read (ENOENT).
 */
export async function readPhysicalFunction(
  sysRoot: string,
  address: PciAddress,
): Promise<PhysicalFunction | undefined> {
  const path = `${devicesPath(sysRoot)}/${address}`;
  // Only a PF has this file. For everything else on the bus, hundreds of VFs among it, this one failing open is all.
  const totalVfs = Number(await readAttributeIfPresent(`${path}/sriov_totalvfs`));
  if (!(totalVfs > 0)) return undefined;

  const identity = await readIdentity(path);
  if (!identity.classId.startsWith(NETWORK_CLASS)) return undefined;
  const names = await listDirectory(path);
  if (names.includes("physfn")) return undefined;

  const [bindings, virtualFunctions, autoprobe] = await Promise.all([
    readBindings(sysRoot, path),
    readVirtualFunctions(sysRoot, path, names),
    readOptionalAttribute(`${path}/sriov_drivers_autoprobe`),
  ]);
  // Not from `sriov_numvfs`: some kernels make its readers wait while a write to it is under way, so a write that hangs
  // would take one of libuv's threads with every scan. The links are what it counts.
  const numVfs = virtualFunctions.length;
  return { address, ...identity, ...bindings, totalVfs, numVfs, virtualFunctions, driversAutoprobe: autoprobe !== "0" };
}

/** The PCI function at `address`. @throws {KernelError} */
export async function readListedPciFunction(sysRoot: string, address: PciAddress): Promise<ListedPciFunction> {
  const path = `${devicesPath(sysRoot)}/${address}`;
  const [identity, driver, iommuGroup, physical] = await Promise.all([
    readIdentity(path),
    readLinkName(`${path}/driver`),
    readLinkName(`${path}/iommu_group`),
    readLinkName(`${path}/physfn`),
  ]);
  return {
    address,
    ...identity,
    ...(driver && { driver }),
    ...(iommuGroup && { iommuGroup }),
    ...(physical && { physicalFunction: parsePciAddress(physical) }),
  };
}

/** PCI base class 02: network controllers. */
const NETWORK_CLASS = "02";

/** VFs of one PF that are read at the same time. */
const VFS_AT_ONCE = 8;

type Identity = Pick<PciFunction, "vendorId" | "deviceId" | "classId">;

async function readIdentity(path: string): Promise<Identity> {
  const [vendorId, deviceId, classId] = await Promise.all(
    ["vendor", "device", "class"].map(async (name) => (await readAttribute(`${path}/${name}`)).replace(/^0x/, "")),
  );
  return { vendorId: vendorId ?? "", deviceId: deviceId ?? "", classId: classId ?? "" };
}

async function readBindings(sysRoot: string, path: string): Promise<Omit<NetworkFunction, "address" | keyof Identity>> {
  const [driver, iommuGroup, interfaces] = await Promise.all([
    readLinkName(`${path}/driver`),
    readLinkName(`${path}/iommu_group`),
    readNetworkInterfaces(sysRoot, path),
  ]);
  return { ...(driver && { driver }), ...(iommuGroup && { iommuGroup }), interfaces };
}

interface VirtualFunctionLink {
  readonly index: number;
  readonly address: PciAddress;
}

async function readVirtualFunctions(
  sysRoot: string,
  physicalPath: string,
  names: readonly string[],
): Promise<VirtualFunction[]> {
  const links = await readVirtualFunctionLinks(physicalPath, names);
  const identity = await readSharedIdentity(sysRoot, links);
  if (identity === undefined) return [];
  return mapBounded(links, VFS_AT_ONCE, async ({ index, address }) => ({
    address,
    ...identity,
    ...(await readBindings(sysRoot, `${devicesPath(sysRoot)}/${address}`)),
    index,
    interfaceElsewhere: false,
  }));
}

/** Ordered by number: `virtfn10` comes after `virtfn2`. */
async function readVirtualFunctionLinks(
  physicalPath: string,
  names: readonly string[],
): Promise<readonly VirtualFunctionLink[]> {
  const indexes = names
    .map((name) => /^virtfn(\d+)$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  const links = await mapBounded(indexes, VFS_AT_ONCE, async (index) => {
    const target = await readLinkName(`${physicalPath}/virtfn${index}`);
    return target === undefined ? undefined : { index, address: parsePciAddress(target) };
  });
  return links.filter((link) => link !== undefined);
}

/**
 * All VFs of a PF have one vendor, device and class: the standard gives them one VF device ID, and Linux itself reads
 * the class of the first only. Reading them once saves three files for each VF.
 */
async function readSharedIdentity(
  sysRoot: string,
  links: readonly VirtualFunctionLink[],
): Promise<Identity | undefined> {
  for (const { address } of links) {
    const path = `${devicesPath(sysRoot)}/${address}`;
    const identity = await readIdentity(path).catch(ifAbsent(path, undefined));
    if (identity !== undefined) return identity;
  }
  return undefined;
}
