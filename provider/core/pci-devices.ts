import { Label, labelValue } from "../../api/names.js";
import type { KubeObject, ResourceType } from "../../api/object.js";
import { PCI_DEVICE, type PciDevice } from "../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../api/pci-device-claim.js";
import type { SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { isForbidden, isKindMissing } from "../../kube/errors.js";
import type { Cluster } from "./cluster.js";

/** Which PCI devices are meant: those of which all that is given is so. */
export interface PciDeviceFilter {
  /** Node that they are in. */
  readonly nodeName?: string;
  /** Name of the NIC that they are VFs of: the `deviceName` of a `SriovNetworkDevice`. */
  readonly parentDevice?: string;
  /** True: virtual functions alone. False: others alone. */
  readonly virtualFunction?: boolean;
  /** PCI addresses, such as `["0000:04:10.0"]`, on whichever node. */
  readonly addresses?: readonly string[];
}

/** A PCI function of a node, as its agent lists it. */
export interface ListedPciDevice {
  /** Name of its PCIDevice object. */
  readonly name: string;
  readonly nodeName: string;
  /** PCI address. */
  readonly address: string;
  /** PCI vendor and device, four hex digits each. */
  readonly vendorId: string;
  readonly deviceId: string;
  /** Class and subclass, four hex digits: `0200` is an Ethernet controller. */
  readonly classId: string;
  /** Empty where it has none. */
  readonly iommuGroup: string;
  /** What it is, for people. */
  readonly description: string;
  /** Kernel driver that it is bound to; empty where there is none. */
  readonly driver: string;
  /** Name under which it is offered once it is claimed. */
  readonly resourceName: string;
  readonly virtualFunction: boolean;
  /** Name of the SriovNetworkDevice that it is a VF of; absent on others. */
  readonly parentDevice?: string;
  /** The VF is claimed, and away: it comes back when its NIC has VFs again. */
  readonly absent: boolean;
  /** Who has claimed it; absent where nobody has. */
  readonly claim?: ListedClaim;
}

export interface ListedClaim {
  readonly userName: string;
  readonly passthroughEnabled: boolean;
}

/** Those that match, by node and address; none where nobody has installed the kinds. */
export async function pciDevices(cluster: Cluster, filter: PciDeviceFilter = {}): Promise<readonly ListedPciDevice[]> {
  const [devices, claims, parentOf] = await Promise.all([
    listed(cluster, PCI_DEVICE),
    // A claimed device must not look free to who may not see claims.
    listed(cluster, PCI_DEVICE_CLAIM),
    parents(cluster),
  ]);
  const claimOf = new Map(claims.map((claim) => [claim.metadata.name, claim]));
  return devices
    .flatMap((device) => listedDevice(device, claimOf.get(device.metadata.name), parentOf(device)))
    .filter((device) => matches(device, filter))
    .sort(byNodeAndAddress);
}

/** Name of the NIC that a device is a VF of. */
type ParentOf = (device: PciDevice) => string | undefined;

async function parents(cluster: Cluster): Promise<ParentOf> {
  const nics = await nicsIfSeen(cluster);
  // What is too long for a label stands there with a hash.
  const nameOf = new Map(nics.map(({ metadata }) => [labelValue(metadata.name), metadata.name]));
  const byLabel: ParentOf = ({ metadata }) => {
    const label = metadata.labels?.[Label.parentDevice];
    return label === undefined ? undefined : (nameOf.get(label) ?? label);
  };
  if (nics.length === 0 || (await cluster.deviceDialect()) !== "harvester") return byLabel;
  // Harvester's controller labels devices that it comes upon after a VF as that VF's NIC's too, and does not label a VF
  // that it comes upon before it has told of it.
  const byVf = new Map(
    nics.flatMap(({ metadata, status }) =>
      (status?.virtualFunctions ?? []).map(({ pciDevice }) => [pciDevice, metadata.name] as const),
    ),
  );
  return ({ metadata }) => byVf.get(metadata.name);
}

function listedDevice(
  { metadata, status }: PciDevice,
  claim: PciDeviceClaim | undefined,
  parentDevice: string | undefined,
): readonly ListedPciDevice[] {
  // Made, and not looked at yet.
  if (status === undefined) return [];
  const { kernelDriverInUse: driver, ...facts } = status;
  const { nodeName, address, vendorId, deviceId, classId, iommuGroup, description, resourceName } = facts;
  const virtualFunction = metadata.labels?.[Label.virtualFunction];
  return [
    {
      ...{ name: metadata.name, nodeName, address, vendorId, deviceId, classId, iommuGroup, description, resourceName },
      driver,
      // Harvester's controller has no such label.
      virtualFunction: virtualFunction === undefined ? parentDevice !== undefined : virtualFunction === "true",
      ...(parentDevice !== undefined && { parentDevice }),
      absent: metadata.labels?.[Label.absent] === "true",
      ...(claim && { claim: listedClaim(claim) }),
    },
  ];
}

function listedClaim({ spec, status }: PciDeviceClaim): ListedClaim {
  return { userName: spec.userName, passthroughEnabled: status?.passthroughEnabled ?? false };
}

function matches(device: ListedPciDevice, filter: PciDeviceFilter): boolean {
  const { nodeName, parentDevice, virtualFunction, addresses } = filter;
  return (
    (nodeName === undefined || device.nodeName === nodeName) &&
    (parentDevice === undefined || device.parentDevice === parentDevice) &&
    (virtualFunction === undefined || device.virtualFunction === virtualFunction) &&
    (addresses === undefined || addresses.includes(device.address))
  );
}

/** Addresses of VFs are in VF order by that, as long as a NIC has one bus. */
function byNodeAndAddress(a: ListedPciDevice, b: ListedPciDevice): number {
  if (a.nodeName !== b.nodeName) return a.nodeName < b.nodeName ? -1 : 1;
  return a.address < b.address ? -1 : 1;
}

/** None where the kind is not installed. */
async function listed<T extends KubeObject>(cluster: Cluster, type: ResourceType<T>): Promise<readonly T[]> {
  try {
    return (await cluster.objects(type)).list();
  } catch (error) {
    if (isKindMissing(error)) return [];
    throw error;
  }
}

/** None where the kind is not installed; nor where it may not be seen, since devices tell nearly the same. */
async function nicsIfSeen(cluster: Cluster): Promise<readonly SriovNetworkDevice[]> {
  try {
    return (await cluster.devices()).list();
  } catch (error) {
    if (isKindMissing(error) || isForbidden(error)) return [];
    throw error;
  }
}
