import { isPciAddress, type PciAddress, type PciFunction, type PciFunctionDetail } from "../kernel.js";
import { disksBehind, type DiskFacts } from "./disks-behind.js";
import { readInterfacesBehind, type NetworkFacts } from "./network-interfaces.js";
import { devicePath, readBinding, readIdentity, readListedPciFunction } from "./pci-functions.js";
import { readVirtualFunctionLinks } from "./physical-functions.js";
import { isThere, listDirectory, unlessAbsent } from "./sysfs.js";

/**
 * The function at `address` with what may speak against handing it to a guest; `undefined` where there is none.
 *
 * @throws {KernelError} It is there and can't be read, or went while it was being read (ENOENT).
 */
export function readPciFunctionDetail(
  address: PciAddress,
  facts: NetworkFacts & DiskFacts,
): PciFunctionDetail | undefined {
  const { sysRoot } = facts;
  const path = devicePath(sysRoot, address);
  if (!isThere(path)) return undefined;
  const listed = readListedPciFunction(sysRoot, address);
  const interfaces = readInterfacesBehind(path, facts);
  return {
    ...listed,
    interfaces,
    ...readVirtualFunctionIndex(sysRoot, listed),
    numVfs: readVirtualFunctionLinks(path, listDirectory(path) ?? []).length,
    interfaceElsewhere: listed.driver !== undefined && interfaces.length === 0 && hasInterfaceFolder(path),
    groupMembers: readGroupMembers(sysRoot, address),
    mounts: disksBehind(path, facts),
  };
}

/** As long as there is an interface in any network namespace, whichever sees it. */
function hasInterfaceFolder(path: string): boolean {
  const names = listDirectory(path) ?? [];
  return names.includes("net") || names.some((name) => /^virtio\d+$/.test(name) && isThere(`${path}/${name}/net`));
}

/** A VF does not know its own index; its PF does. */
function readVirtualFunctionIndex(
  sysRoot: string,
  { address, physicalFunction }: Pick<PciFunctionDetail, "address" | "physicalFunction">,
): Pick<PciFunctionDetail, "virtualFunctionIndex"> {
  if (physicalFunction === undefined) return {};
  const pf = devicePath(sysRoot, physicalFunction);
  const link = readVirtualFunctionLinks(pf, listDirectory(pf) ?? []).find((it) => it.address === address);
  return link === undefined ? {} : { virtualFunctionIndex: link.index };
}

/** Without what went meanwhile. A group may also have devices that are on no PCI bus; guests are not given those. */
function readGroupMembers(sysRoot: string, address: PciAddress): PciFunction[] {
  const names = listDirectory(`${devicePath(sysRoot, address)}/iommu_group/devices`) ?? [];
  const others = names.filter(isPciAddress).filter((other) => other !== address);
  return others.sort().flatMap((other) => {
    const path = devicePath(sysRoot, other);
    const identity = unlessAbsent(path, () => readIdentity(path));
    return identity === undefined ? [] : [{ address: other, ...identity, ...readBinding(path) }];
  });
}
