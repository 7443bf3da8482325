import { ClaimReason, claimReady, type PciDeviceClaim, VFIO_DRIVER } from "../../api/pci-device-claim.js";

/** A PCI function, as far as it matters to the others of its IOMMU group. */
export interface ClaimedFunction {
  readonly address: string;
  /** Class and subclass first, as hex: `020000`. */
  readonly classId: string;
  /** The kernel driver that it is bound to; absent, or empty, while there is none. */
  readonly driver?: string | undefined;
}

/** Another function of a device's IOMMU group. */
export interface GroupMember extends ClaimedFunction {
  /** Name of the claim that takes it from its driver too; absent where none does. */
  readonly claim?: string | undefined;
}

/** Is it a bridge of whatever kind? Other devices are behind it. */
export function isBridge({ classId }: Pick<ClaimedFunction, "classId">): boolean {
  return classId.startsWith("06");
}

/** Does the node use it, so that no guest can have any other of its group? Pure. */
export function holdsGroup(member: ClaimedFunction): boolean {
  return !isBridge(member) && !!member.driver && !HARMLESS_DRIVERS.has(member.driver);
}

/** Drivers that do no DMA of the node's own: vfio lets a group go to a guest while its other functions have these. */
const HARMLESS_DRIVERS: ReadonlySet<string> = new Set([VFIO_DRIVER, "pci-stub", "pcieport"]);

/**
 * Does the claim take its device from the node's driver, as far as it says itself? One that waits for nothing but the rest of
 * its group does: each of a group would wait for the others else, for ever. Pure.
 */
export function takesAlong(claim: PciDeviceClaim): boolean {
  return claim.metadata.deletionTimestamp === undefined && !STUCK.includes(claimReady(claim)?.reason ?? "");
}

/** Reasons that last until somebody puts something right. */
const STUCK: readonly string[] = [
  ClaimReason.DeviceAway,
  ClaimReason.InUse,
  ClaimReason.NotEligible,
  ClaimReason.NoIommu,
  ClaimReason.Duplicate,
  ClaimReason.InvalidResourceName,
];
