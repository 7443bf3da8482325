import { isPolicyFieldManager, isProviderFieldManager } from "../../api/names.js";
import { readyCondition, type SriovNetworkDevice, type VirtualFunctionStatus } from "../../api/sriov-network-device.js";
import type { Cluster } from "./cluster.js";
import { interfaceOf } from "./device/device-lookup.js";
import { presentVfs } from "./device/device-outputs.js";
import { countOwners } from "./device/field-ownership.js";
import { servedDevices } from "./device/served-devices.js";

/** Which NICs are meant: those of which all that is given is so. */
export interface DeviceFilter {
  /** Node that they are in. */
  readonly nodeName?: string;
  /** Name of their interface, as the node has it now. */
  readonly interfaceName?: string;
  /** PCI addresses, such as `["0000:04:00.0"]`, on whichever node. */
  readonly addresses?: readonly string[];
  /** PCI vendor, four hex digits in whichever case: `8086`. */
  readonly vendorId?: string;
  /** PCI device, four hex digits in whichever case: `10fb`. */
  readonly deviceId?: string;
  /** Kernel driver of the NIC itself: `ixgbe`. */
  readonly driver?: string;
  /**
   * True: NICs whose number of VFs a resource, a policy or somebody else has declared. False: others alone; a program that
   * declares their number does not find them again the next time.
   */
  readonly managed?: boolean;
}

/** A SR-IOV capable NIC of a node, as whoever looks after it in the cluster reports it. */
export interface ListedDevice {
  /** The `deviceName` of a SriovNetworkDevice resource. */
  readonly name: string;
  readonly nodeName: string;
  /** Empty where it has none. */
  readonly interfaceName: string;
  /** PCI address. */
  readonly address: string;
  /** PCI vendor and device, four hex digits each; empty where the cluster does not tell. */
  readonly vendorId: string;
  readonly deviceId: string;
  /** Empty where the cluster does not tell. */
  readonly driver: string;
  /** How many VFs it has. */
  readonly numVfs: number;
  /** How many it is to have; absent where nobody has declared a number. */
  readonly declaredVfs?: number;
  /** Who has declared it. */
  readonly declaredBy: readonly Declarer[];
  /** The most that it can have; absent where the cluster does not tell, as Harvester. */
  readonly totalVfs?: number;
  /** How it is with what was declared, in one word: `Configured`, `Unmanaged`, `InUse` and so on. */
  readonly status: string;
  /** In VF order. */
  readonly virtualFunctions: readonly ListedVf[];
}

/** Who has declared how many VFs a NIC is to have. */
export interface Declarer {
  /** A `resource` of a Pulumi program, a SriovNetworkNodePolicy, or anybody `else`. */
  readonly kind: "resource" | "policy" | "else";
  /** The policy's name; of the others the field manager by which they have written it. */
  readonly name: string;
}

export interface ListedVf {
  readonly index: number;
  /** PCI address. */
  readonly address: string;
  /** Absent where it has none that is known: a guest's, say. */
  readonly interfaceName?: string;
  /** Absent where it has none that is known. */
  readonly driver?: string;
  /** Name of its PCIDevice object; absent where there is none. */
  readonly pciDevice?: string;
  /** Claims, virtual machines and pods that have it, joined with ", "; absent where nobody is known to. */
  readonly usedBy?: string;
}

/** Those that match, by node and address; none where nobody looks after NICs. */
export async function sriovNetworkDevices(
  cluster: Cluster,
  filter: DeviceFilter = {},
): Promise<readonly ListedDevice[]> {
  const devices = await servedDevices(cluster);
  return devices
    .map(listedDevice)
    .filter((device) => matches(device, filter))
    .sort(byNodeAndAddress);
}

/** Pure. */
export function listedDevice(device: SriovNetworkDevice): ListedDevice {
  const { metadata, spec, status } = device;
  const declaredBy = declarersOf(device);
  return {
    name: metadata.name,
    nodeName: spec.nodeName,
    interfaceName: interfaceOf(device),
    address: spec.address,
    vendorId: status?.vendorId ?? "",
    deviceId: status?.deviceId ?? "",
    driver: status?.driver ?? "",
    numVfs: presentVfs(device).numVfs,
    ...(declaredBy.length > 0 && { declaredVfs: spec.numVFS ?? 0 }),
    declaredBy,
    ...(status?.totalVFs !== undefined && { totalVfs: status.totalVFs }),
    status: readyCondition(device)?.reason ?? "",
    virtualFunctions: (status?.virtualFunctions ?? []).map(listedVf),
  };
}

/** What is empty is not known either. */
function listedVf({ index, address, interfaceName, driver, pciDevice, usedBy }: VirtualFunctionStatus): ListedVf {
  return {
    index,
    address,
    ...(interfaceName && { interfaceName }),
    ...(driver && { driver }),
    ...(pciDevice && { pciDevice }),
    ...(usedBy && { usedBy }),
  };
}

/** Policies by their names, since the controller writes for all of them; those who have written the number themselves, else. */
function declarersOf(device: SriovNetworkDevice): readonly Declarer[] {
  const managers = [...new Set(countOwners(device).map(({ manager }) => manager ?? "unknown"))];
  const policies = [...new Set((device.spec.vfGroups ?? []).map(({ policyName }) => policyName))];
  return managers.flatMap((manager): Declarer[] => {
    if (isProviderFieldManager(manager)) return [{ kind: "resource", name: manager }];
    // A policy that asks for no VFs has no group of them.
    if (!isPolicyFieldManager(manager) || policies.length === 0) return [{ kind: "else", name: manager }];
    return policies.map((name) => ({ kind: "policy", name }));
  });
}

function matches(device: ListedDevice, filter: DeviceFilter): boolean {
  const { nodeName, interfaceName, addresses, vendorId, deviceId, driver, managed } = filter;
  const is = (given: string | undefined, has: string): boolean =>
    given === undefined || given.toLowerCase() === has.toLowerCase();
  return (
    (nodeName === undefined || device.nodeName === nodeName) &&
    (interfaceName === undefined || device.interfaceName === interfaceName) &&
    (addresses === undefined || addresses.includes(device.address)) &&
    is(vendorId, device.vendorId) &&
    is(deviceId, device.deviceId) &&
    (driver === undefined || device.driver === driver) &&
    (managed === undefined || managed === device.declaredBy.length > 0)
  );
}

function byNodeAndAddress(a: ListedDevice, b: ListedDevice): number {
  if (a.nodeName !== b.nodeName) return a.nodeName < b.nodeName ? -1 : 1;
  return a.address < b.address ? -1 : 1;
}
