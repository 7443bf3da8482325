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
  const iommuGroup = readIommuGroup(path);
  return { ...(driver && { driver }), ...(iommuGroup && { iommuGroup }) };
}

/** What vfio calls the groups that it makes up for functions without an IOMMU, where it is told to hand these out all the same. */
const WITHOUT_IOMMU = "vfio-noiommu";

function readIommuGroup(path: string): string | undefined {
  const number = readLinkName(`${path}/iommu_group`);
  if (number === undefined) return undefined;
  // Groups of an IOMMU have no name. One of these has no /dev/vfio/<number> either.
  return readOptionalAttribute(`${path}/iommu_group/name`) === WITHOUT_IOMMU ? undefined : number;
}
