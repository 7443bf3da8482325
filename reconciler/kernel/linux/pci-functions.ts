import { isPciAddress, parsePciAddress, type ListedPciFunction, type PciAddress, type PciFunction } from "../kernel.js";
import { listDirectory, readAttribute, readLinkName, readOptionalAttribute } from "./sysfs.js";

export function devicePath(sysRoot: string, address: PciAddress): string {
  return `${sysRoot}/bus/pci/devices/${address}`;
}

export function driverPath(sysRoot: string, driver: string): string {
  return `${sysRoot}/bus/pci/drivers/${driver}`;
}

/** Addresses of all PCI devices, in order; none on a machine without a PCI bus. */
export function listPciAddresses(sysRoot: string): PciAddress[] {
  return (listDirectory(`${sysRoot}/bus/pci/devices`) ?? []).filter(isPciAddress).sort();
}

/** The PCI function at `address`. @throws {KernelError} */
export function readListedPciFunction(sysRoot: string, address: PciAddress): ListedPciFunction {
  const path = devicePath(sysRoot, address);
  const physical = readLinkName(`${path}/physfn`);
  return {
    address,
    ...readIdentity(path),
    ...readBinding(path),
    ...(physical !== undefined && { physicalFunction: parsePciAddress(physical) }),
    ...readNumaNode(path),
  };
}

/** -1 where the firmware does not tell, which is every machine with one node. */
function readNumaNode(path: string): Pick<ListedPciFunction, "numaNode"> {
  const numaNode = Number(readOptionalAttribute(`${path}/numa_node`) ?? -1);
  return numaNode >= 0 ? { numaNode } : {};
}

export type Identity = Pick<PciFunction, "vendorId" | "deviceId" | "classId">;

/** @throws {KernelError} */
export function readIdentity(path: string): Identity {
  const read = (name: string): string => readAttribute(`${path}/${name}`).replace(/^0x/, "");
  return { vendorId: read("vendor"), deviceId: read("device"), classId: read("class") };
}

export function readBinding(path: string): Pick<PciFunction, "driver" | "iommuGroup"> {
  const driver = readLinkName(`${path}/driver`);
  const iommuGroup = readLinkName(`${path}/iommu_group`);
  return { ...(driver && { driver }), ...(iommuGroup && { iommuGroup }) };
}
