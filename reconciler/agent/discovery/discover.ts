import type { LeftOutNic } from "../../../api/left-out-nic.js";
import type {
  IncapableNic,
  NodeSnapshot,
  PciAddress,
  PhysicalFunction,
  UnreadableDevice,
} from "../../kernel/kernel.js";
import { eligibilityOf, type NodeNeeds } from "./eligibility.js";

/** Phase one: which of the node's NICs become SriovNetworkDevices, and why the others don't. Pure. */
export interface Discovery {
  /** Those that are offered. */
  readonly devices: readonly DiscoveredDevice[];
  /** Those that can have VFs and are the node's own, or its networks'. */
  readonly skipped: readonly SkippedDevice[];
  /** Those that can have no VFs, and devices that could not be read this time. */
  readonly unusable: readonly LeftOutNic[];
  /** Some of them could not be read, so that what is known is not all there is. */
  readonly incomplete: boolean;
}

/** A VF that this machine was given by its hypervisor. */
export interface GivenNic {
  readonly address: PciAddress;
  /** What the node itself needs it for, in words; absent where it is free. */
  readonly neededFor?: string;
}

export interface DiscoveredDevice {
  readonly address: PciAddress;
  /** Name of the function's first port; empty where it has none. */
  readonly interfaceName: string;
  readonly physicalFunction: PhysicalFunction;
}

export interface SkippedDevice extends DiscoveredDevice {
  /** For people: why this NIC is not offered. */
  readonly reason: string;
}

/** @param given VFs that this machine was given. Those that are free are no NICs that were left out. */
export function discover(snapshot: NodeSnapshot, needs: NodeNeeds, given: readonly GivenNic[] = []): Discovery {
  const devices: DiscoveredDevice[] = [];
  const skipped: SkippedDevice[] = [];
  for (const physicalFunction of snapshot.physicalFunctions) {
    const { address } = physicalFunction;
    const device = { address, interfaceName: physicalFunction.interfaces[0]?.name ?? "", physicalFunction };
    const { eligible, message } = eligibilityOf(physicalFunction, snapshot, needs);
    if (eligible) devices.push(device);
    else skipped.push({ ...device, reason: message });
  }
  const givenBy = new Map(given.map((vf) => [vf.address, vf]));
  const unusable = [
    ...snapshot.incapable.flatMap((nic) => leftOut(nic, givenBy.get(nic.address))),
    ...snapshot.unreadable.map(unreadable),
  ];
  return { devices, skipped, unusable, incomplete: snapshot.unreadable.length > 0 };
}

function leftOut(nic: IncapableNic, given: GivenNic | undefined): LeftOutNic[] {
  if (given === undefined) return [incapable(nic)];
  return given.neededFor === undefined ? [] : [{ ...nic, reason: given.neededFor }];
}

function incapable({ address, interfaceName }: IncapableNic): LeftOutNic {
  const reason =
    "its driver or firmware offers no virtual functions (sriov_totalvfs is missing or 0); where the NIC has SR-IOV, " +
    "enable it in the firmware, and virtual functions in the NIC's own settings";
  return { address, interfaceName, reason };
}

function unreadable({ address, error }: UnreadableDevice): LeftOutNic {
  return { address, interfaceName: "", reason: `it cannot be read: ${error.message}` };
}
