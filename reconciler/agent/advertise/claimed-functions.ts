import type { PciDevice } from "../../../api/pci-device.js";
import { ClaimReason, claimReady, type PciDeviceClaim, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { pciDeviceName } from "../../../api/names.js";
import type { Offer, PoolSnapshot } from "./pools.js";

/** As KubeVirt's own device plugins ask for device nodes. */
const PERMISSIONS = "mrw";

/** The functions that guests are to get by claims, under the names that the claims' status says. Pure. */
export function claimedFunctions(snapshot: PoolSnapshot): Offer[] {
  const pciDevices = new Map(snapshot.pciDevices.map((object) => [object.metadata.name, object]));
  return ofNode(snapshot).flatMap((claim) => {
    const { passthroughEnabled, resourceName, virtualFunction } = claim.status ?? {};
    if (!passthroughEnabled || !resourceName) return [];
    const { address, nodeName } = claim.spec;
    const pciDevice = pciDevices.get(pciDeviceName(nodeName, address));
    const unhealthy = problemOf(claim, pciDevice);
    const device = {
      address,
      ...(unhealthy !== undefined && { unhealthy }),
      ...(virtualFunction && { vf: virtualFunction }),
      vfio: { iommuGroup: pciDevice?.status?.iommuGroup ?? "", permissions: PERMISSIONS },
      needVhostNet: false,
      excludeTopology: false,
    };
    return [{ resourceName, device }];
  });
}

/**
 * Addresses that are no pool's but their claim's: of all claims but those that were refused, by which nothing has changed.
 * A claim that is still at work counts, so that no pod is given what it is about to bind. Pure.
 */
export function takenByClaims(snapshot: PoolSnapshot): ReadonlySet<string> {
  return new Set(ofNode(snapshot).flatMap((claim) => (isRefused(claim) ? [] : [claim.spec.address])));
}

const REFUSED: readonly string[] = [
  ClaimReason.InUse,
  ClaimReason.UsersUnknown,
  ClaimReason.GroupInUse,
  ClaimReason.NoIommu,
  ClaimReason.ModuleMissing,
  ClaimReason.NotEligible,
  ClaimReason.Duplicate,
  ClaimReason.InvalidResourceName,
];

function isRefused(claim: PciDeviceClaim): boolean {
  if (claim.status?.passthroughEnabled) return false;
  return REFUSED.includes(claimReady(claim)?.reason ?? "");
}

function problemOf(claim: PciDeviceClaim, pciDevice: PciDevice | undefined): string | undefined {
  const { deletionTimestamp, name } = claim.metadata;
  if (deletionTimestamp !== undefined) return `its claim ${name} is being released`;
  const ready = claimReady(claim);
  if (ready?.status !== "True")
    return `its claim ${name} is not ready: ${ready?.reason ?? "it has not been looked at"}`;
  const { kernelDriverInUse = "", iommuGroup = "" } = pciDevice?.status ?? {};
  if (kernelDriverInUse !== VFIO_DRIVER) return `its driver is ${kernelDriverInUse || "none"}, not ${VFIO_DRIVER}`;
  if (iommuGroup === "") return "it has no IOMMU group";
  return undefined;
}

function ofNode({ claims, nodeName }: PoolSnapshot): readonly PciDeviceClaim[] {
  return claims.filter(({ spec }) => spec.nodeName === nodeName);
}
