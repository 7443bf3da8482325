import { Annotation } from "../../../api/names.js";
import { type PciDeviceClaim, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import type { GroupMember } from "../../../plan/claims/iommu-group.js";
import type { PciFunctionDetail } from "../../kernel/kernel.js";

/** Of a device that is not there. */
export function awayWords({ spec, status }: PciDeviceClaim): string {
  const { virtualFunction } = status ?? {};
  const what =
    virtualFunction === undefined
      ? `${spec.nodeName} has no PCI function at ${spec.address}`
      : `VF ${virtualFunction.index} of ${virtualFunction.physicalFunction} (${spec.address}) is away`;
  return (
    `${what}. It is bound to ${VFIO_DRIVER} as soon as it is there: raise numVFS of its SriovNetworkDevice where it is a ` +
    `VF, put the device in, or delete the claim.`
  );
}

/** Another function has come to the device's address, in words; undefined where it is the same. */
export function movedWords({ spec, status }: PciDeviceClaim, found: PciFunctionDetail): string | undefined {
  const { virtualFunction } = status ?? {};
  if (virtualFunction === undefined) return undefined;
  const { physicalFunction, index } = virtualFunction;
  if (found.physicalFunction === physicalFunction && found.virtualFunctionIndex === index) return undefined;
  const now =
    found.physicalFunction === undefined
      ? "no VF any more"
      : `VF ${found.virtualFunctionIndex ?? 0} of ${found.physicalFunction} now`;
  return (
    `${spec.address} is ${now}, and what is claimed is VF ${index} of ${physicalFunction}. A claim does not move: put the ` +
    `NIC back where it was, or delete the claim and make one for the device that is meant.`
  );
}

export function duplicateWords({ spec }: PciDeviceClaim, older: PciDeviceClaim): string {
  return (
    `${spec.address} of ${spec.nodeName} is claimed by ${older.metadata.name} of ${older.spec.userName} already, which is ` +
    `older. Delete one of the two.`
  );
}

export function boundWords({ address }: PciFunctionDetail, resourceName: string): string {
  return `${address} is bound to ${VFIO_DRIVER}, as ${resourceName}`;
}

/** Of a device whose group others claim, too. */
export function groupIncompleteWords(found: PciFunctionDetail, missing: readonly GroupMember[]): string {
  const shown = missing.slice(0, MOST_LISTED).map(({ address, driver, claim }) => `${address} (${driver}) by ${claim}`);
  const more = missing.length - shown.length;
  return (
    `${found.address} is bound to ${VFIO_DRIVER}, and offered once all of IOMMU group ${found.iommuGroup ?? ""} is, which is ` +
    `claimed and still has drivers of the node: ${[...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ")}.`
  );
}

const MOST_LISTED = 16;

/** Of a device that is bound, and another one of its group. */
export function groupBeingGivenBackWords({ address, iommuGroup = "" }: PciFunctionDetail, leaving: string): string {
  return (
    `${address} is not handed out: ${leaving} of its IOMMU group ${iommuGroup}, of which a guest gets all or nothing, is ` +
    `being given back to the node. Claim that again, or delete this claim too.`
  );
}

/** Of a device that is to be given back, and another one of its group that is in use. */
export function groupInUseWords(
  { address, iommuGroup = "" }: PciFunctionDetail,
  other: string,
  usedBy: string,
): string {
  return (
    `${address} is given back once nobody uses its IOMMU group ${iommuGroup}, of which ${usedBy} has ${other}: the kernel gives ` +
    `a group to guests or to the node. Shut that down.`
  );
}

/** Of a device that is to be given back, and the claim of another one of its group. */
export function groupOfferedWords(
  { address, iommuGroup = "" }: PciFunctionDetail,
  { metadata }: PciDeviceClaim,
): string {
  return `${address} is given back once claim ${metadata.name}, of the same IOMMU group ${iommuGroup}, is not offered any more.`;
}

/** Of a claim that was deleted. */
export function inUseWords({ metadata, spec }: PciDeviceClaim, usedBy: string): string {
  return (
    `${spec.address} is given back once nobody uses it, and it is in use by ${usedBy}. Shut that down; or, to have it ` +
    `given back all the same: ${allowWords(metadata.name)}.`
  );
}

/** Of a claim that was deleted. */
export function unknownUsersWords({ metadata, spec }: PciDeviceClaim, silent: string): string {
  return (
    `${spec.address} is given back once it is known who uses it: ${silent}. To have it given back all the same: ` +
    `${allowWords(metadata.name)}.`
  );
}

function allowWords(name: string): string {
  return `kubectl annotate pcideviceclaim ${name} ${Annotation.allowDisruption}=release`;
}
