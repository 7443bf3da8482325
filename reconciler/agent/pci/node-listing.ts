import { Label, labelValue, pciDeviceName } from "../../../api/names.js";
import type { PciDevice } from "../../../api/pci-device.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { ListedPciFunction, PciAddress } from "../../kernel/kernel.js";

/** Which PCI functions have a PCIDevice: the VFs of SR-IOV NICs alone, or all of the node. */
export type PciListing = "sriov" | "all";

export interface NodeHardware {
  readonly nodeName: string;
  readonly listing: PciListing;
  readonly functions: readonly ListedPciFunction[];
  /** The node's PCIDevices. */
  readonly objects: readonly PciDevice[];
  /** The node's SriovNetworkDevices. */
  readonly devices: readonly SriovNetworkDevice[];
  readonly isClaimed: (pciDevice: string) => boolean;
  /** Whether this machine was given it as a VF. */
  readonly isGiven: (address: PciAddress) => boolean;
}

export interface NodeListing {
  /** Functions that shall have a PCIDevice. */
  readonly listed: readonly ListedPciFunction[];
  /** PCIDevices that nothing stands for any more. */
  readonly surplus: readonly PciDevice[];
}

/**
 * What is to become of the PCIDevices that belong to no SriovNetworkDevice. VFs of a NIC that has one are that one's
 * business alone, so that no object has two who write it. Pure.
 */
export function listNode(hardware: NodeHardware): NodeListing {
  const { nodeName, listing, functions, isClaimed, isGiven } = hardware;
  const nics = new Set(hardware.devices.map(({ spec }) => spec.address));
  const isVfOfNic = ({ physicalFunction }: ListedPciFunction): boolean =>
    physicalFunction !== undefined && nics.has(physicalFunction);
  const nameOf = ({ address }: ListedPciFunction): string => pciDeviceName(nodeName, address);

  const ours = new Map(objectsWithoutNic(hardware).map((object) => [object.metadata.name, object]));
  const others = new Set(hardware.objects.map(({ metadata }) => metadata.name).filter((name) => !ours.has(name)));
  const listed = functions
    .filter((it) => !isVfOfNic(it))
    // One that is claimed or was given is listed as long as it is, except where another than an agent has listed it.
    .filter((it) => listing === "all" || ((isClaimed(nameOf(it)) || isGiven(it.address)) && !others.has(nameOf(it))));

  const kept = new Set(listed.map(nameOf));
  const found = new Map(functions.map((it) => [nameOf(it), it]));
  const surplus = [...ours.values()].filter((object) => {
    if (kept.has(object.metadata.name)) return false;
    const there = found.get(object.metadata.name);
    return there === undefined || (parentOf(object) === undefined && !isVfOfNic(there));
  });
  return { listed, surplus };
}

/** PCIDevices that no SriovNetworkDevice looks after, and that an agent made or is to look after from now on. */
export function objectsWithoutNic({
  listing,
  objects,
  devices,
}: Pick<NodeHardware, "listing" | "objects" | "devices">): readonly PciDevice[] {
  const nics = new Set(devices.map(({ metadata }) => labelValue(metadata.name)));
  return objects.filter((object) => {
    const parent = parentOf(object);
    if (parent !== undefined) return !nics.has(parent);
    // Another's have no such label, and where not all are to be listed they stay another's.
    return listing === "all" || object.metadata.labels?.[Label.virtualFunction] !== undefined;
  });
}

function parentOf(object: PciDevice): string | undefined {
  return object.metadata.labels?.[Label.parentDevice];
}
