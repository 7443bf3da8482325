import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import {
  isUnmanaged,
  readyCondition,
  ReadyReason,
  type SriovNetworkDevice,
  type VfGroup,
  type VirtualFunctionStatus,
} from "../../../api/sriov-network-device.js";
import { parseVfRange, type VfRange } from "../../../plan/policies/vf-range.js";
import { isNodesOwn } from "../usage/interface-users.js";
import type { Offer, PoolDevice, Pools, PoolSnapshot } from "./pools.js";

/** As the operator's device plugin asks for device nodes. */
const PERMISSIONS = "rw";
/** Drivers that make no network interface of a VF. */
const USER_SPACE_DRIVERS: readonly string[] = [VFIO_DRIVER, "uio_pci_generic", "igb_uio", "pci-stub"];

/** The VFs that policies want offered, under the names of their groups. Pure. */
export function groupedVfs({ nics, nodeName, resourcePrefix }: PoolSnapshot, before: Pools): Offer[] {
  return nics
    .filter(({ spec }) => spec.nodeName === nodeName)
    .flatMap((nic) =>
      (nic.spec.vfGroups ?? []).flatMap((group) => {
        const range = parseVfRange(group.vfRange);
        if (range === undefined) return [];
        const resourceName = `${resourcePrefix}/${group.resourceName}`;
        const devices = [...present(nic, group, range), ...vanished(nic, range, before.get(resourceName))];
        return devices.map((device) => ({ resourceName, device }));
      }),
    );
}

function present(nic: SriovNetworkDevice, group: VfGroup, range: VfRange): PoolDevice[] {
  const vfs = nic.status?.virtualFunctions ?? [];
  return vfs
    .filter(({ index }) => isIn(range, index))
    .map((vf) => {
      const unhealthy = problemOfNic(nic) ?? problemOf(vf, group);
      const { address, index, iommuGroup = "" } = vf;
      return {
        address,
        ...(unhealthy !== undefined && { unhealthy }),
        vf: { physicalFunction: nic.spec.address, index },
        ...(group.deviceType === VFIO_DRIVER && { vfio: { iommuGroup, permissions: PERMISSIONS } }),
        needVhostNet: group.needVhostNet ?? false,
        excludeTopology: group.excludeTopology ?? false,
      };
    });
}

/** VFs that were offered, that there should be, and that there are not. */
function vanished(
  { spec, status }: SriovNetworkDevice,
  range: VfRange,
  before: ReadonlyMap<string, PoolDevice> | undefined,
): PoolDevice[] {
  const there = new Set(status?.virtualFunctions?.map(({ address }) => address));
  return [...(before?.values() ?? [])].flatMap((device) => {
    const { address, vf } = device;
    if (vf?.physicalFunction !== spec.address || there.has(address)) return [];
    const isAskedFor = isIn(range, vf.index) && vf.index < (spec.numVFS ?? 0);
    return isAskedFor ? [{ ...device, unhealthy: "it is not there" }] : [];
  });
}

/** VFs that are about to be destroyed, or may be, must not be given to a pod meanwhile. */
function problemOfNic(nic: SriovNetworkDevice): string | undefined {
  const { name, generation } = nic.metadata;
  const { observedGeneration, virtualFunctions = [] } = nic.status ?? {};
  const reason = readyCondition(nic)?.reason;
  if (reason === ReadyReason.DeviceGone) return `${name} is gone`;
  if (reason === ReadyReason.Configuring) return `${name} is being configured`;
  const isOtherCount = !isUnmanaged(nic) && (nic.spec.numVFS ?? 0) !== virtualFunctions.length;
  if (isOtherCount && observedGeneration !== generation) return `${name} is to have another count of VFs`;
  return undefined;
}

function problemOf({ driver, iommuGroup, usedBy = "" }: VirtualFunctionStatus, group: VfGroup): string | undefined {
  const isForGuests = group.deviceType === VFIO_DRIVER;
  if (isForGuests && driver !== VFIO_DRIVER) return `its driver is ${driver ?? "none"}, not ${VFIO_DRIVER}`;
  if (isForGuests && iommuGroup === undefined) return "it has no IOMMU group";
  if (!isForGuests && driver === undefined) return "it has no driver";
  if (!isForGuests && driver !== undefined && USER_SPACE_DRIVERS.includes(driver))
    return `its driver is ${driver}, not a network driver`;
  return isNodesOwn(usedBy) ? `the node uses it: ${usedBy}` : undefined;
}

function isIn({ first, last }: VfRange, index: number): boolean {
  return first <= index && index <= last;
}
