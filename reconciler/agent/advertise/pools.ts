import type { PciDevice } from "../../../api/pci-device.js";
import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { claimedFunctions, takenByClaims } from "./claimed-functions.js";
import { groupedVfs } from "./grouped-vfs.js";

/** All that decides what one node offers to pods. Lists may have what is of other nodes. */
export interface PoolSnapshot {
  readonly nodeName: string;
  /** What stands before the names of policies' pools. */
  readonly resourcePrefix: string;
  readonly nics: readonly SriovNetworkDevice[];
  readonly claims: readonly PciDeviceClaim[];
  readonly pciDevices: readonly PciDevice[];
  /** VFs that this machine was given as a guest. */
  readonly given: readonly GivenVf[];
  /** Under which name the kubelet has given out a function, by address; of all that it has given. */
  readonly allocated: ReadonlyMap<string, string>;
}

/** A VF without a NIC: a virtual machine's, handed through to it. */
export interface GivenVf {
  readonly address: string;
  /** Name of its pool, without prefix. */
  readonly resourceName: string;
  /** Why no pod may have it now, such as that the node uses it; absent where one may. */
  readonly unhealthy?: string;
}

/** One function as it is offered. */
export interface PoolDevice {
  readonly address: string;
  /** Why it must not be given out now; absent where it may. */
  readonly unhealthy?: string;
  /** The NIC that it is a VF of, and which one; absent on others. */
  readonly vf?: { readonly physicalFunction: string; readonly index: number };
  /** Present where it is bound to vfio-pci: whoever gets it gets this group's device node. */
  readonly vfio?: { readonly iommuGroup: string; readonly permissions: string };
  readonly needVhostNet: boolean;
  /** Keep from the kubelet which NUMA node it is at. */
  readonly excludeTopology: boolean;
}

/** What is offered, by resource name, prefix included, and address. Only resources that have devices. */
export type Pools = ReadonlyMap<string, ReadonlyMap<string, PoolDevice>>;

export const noPools: Pools = new Map();

/**
 * What a node is to offer. A function is in one pool at most: in its claim's, else in its group's. One that was offered and
 * must not be given out for now stays in its pool, unhealthy, as pods may have it; one that was not is left out until it is
 * well. Pure.
 *
 * @param before What was offered until now.
 */
export function pools(snapshot: PoolSnapshot, before: Pools): Pools {
  const claimed = claimedFunctions(snapshot);
  const taken = takenByClaims(snapshot);
  const wanted = [...claimed, ...groupedVfs(snapshot, before).filter(({ device }) => !taken.has(device.address))];
  const given = snapshot.given.filter(({ address }) => !taken.has(address)).map((vf) => offerOfGiven(vf, snapshot));
  const offers = [...wanted, ...given].map((it) => withAllocation(it, snapshot.allocated));
  const pools = new Map<string, Map<string, PoolDevice>>();
  for (const { resourceName, device } of withGroups(offers, snapshot.allocated)) {
    const wasOffered = before.get(resourceName)?.has(device.address) ?? false;
    if (device.unhealthy !== undefined && !wasOffered) continue;
    const pool = pools.get(resourceName) ?? new Map<string, PoolDevice>();
    pools.set(resourceName, pool.set(device.address, device));
  }
  return pools;
}

/** A function, and under which name it is to be offered. */
export interface Offer {
  readonly resourceName: string;
  readonly device: PoolDevice;
}

/** Two pods would have it, were it offered as free under a new name while somebody has it under its old one. */
function withAllocation({ resourceName, device }: Offer, allocated: PoolSnapshot["allocated"]): Offer {
  const name = allocated.get(device.address);
  if (name === undefined || name === resourceName || device.unhealthy !== undefined) return { resourceName, device };
  return { resourceName, device: { ...device, unhealthy: `a pod has it as ${name}` } };
}

/** The kernel opens an IOMMU group for one at a time, so that the others of a group go with the one that somebody has. */
function withGroups(offers: readonly Offer[], allocated: PoolSnapshot["allocated"]): readonly Offer[] {
  const holders = new Map(
    offers.flatMap(({ device: { address, vfio } }) =>
      vfio !== undefined && allocated.has(address) ? [[vfio.iommuGroup, address] as const] : [],
    ),
  );
  return offers.map(({ resourceName, device }) => {
    const { address, vfio, unhealthy } = device;
    const holder = holders.get(vfio?.iommuGroup ?? "");
    if (holder === undefined || allocated.has(address) || unhealthy !== undefined) return { resourceName, device };
    const problem = `a pod has ${holder} of its IOMMU group ${vfio?.iommuGroup ?? ""}`;
    return { resourceName, device: { ...device, unhealthy: problem } };
  });
}

function offerOfGiven({ address, resourceName, unhealthy }: GivenVf, { resourcePrefix }: PoolSnapshot): Offer {
  const well = { address, needVhostNet: false, excludeTopology: false };
  const device = unhealthy === undefined ? well : { ...well, unhealthy };
  return { resourceName: `${resourcePrefix}/${resourceName}`, device };
}
