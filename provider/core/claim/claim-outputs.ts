import { Annotation } from "../../../api/names.js";
import type { PciDevice } from "../../../api/pci-device.js";
import { ClaimReason, claimReady, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { DeviceDialectName } from "../cluster.js";
import type { Drifted } from "../object-drift.js";
import type { ClaimInputs, PartialClaimInputs } from "./claim-inputs.js";

/** The state of a resource: its settings, and what its claim has come to. */
export interface ClaimOutputs extends ClaimInputs, Drifted {
  readonly claimName: string;
  readonly pciDevice: string;
  readonly nodeName: string;
  readonly address: string;
  readonly userName: string;
  readonly passthroughEnabled: boolean;
  /** Name that the device is offered under; empty as long as that is not known. */
  readonly resourceName: string;
  /** Empty where the device had no driver. */
  readonly kernelDriverToUnbind: string;
  /** Reason of the claim's Ready condition; where there is none, `Enabled` once passthrough is. */
  readonly status: string;
  /** The field manager under which this resource owns the claim's spec. Absent until it has set it. */
  readonly fieldManager?: string;
}

/** A claim, and what its outputs take from elsewhere. */
export interface ClaimSight {
  readonly claim: PciDeviceClaim;
  readonly pciDevice: PciDevice | undefined;
  readonly dialect: DeviceDialectName;
}

/** Pure. `settings` are what only the program knows. */
export function claimOutputs(
  { claim, pciDevice, dialect }: ClaimSight,
  settings: PartialClaimInputs,
  fieldManager: string | undefined,
): ClaimOutputs {
  const { metadata, spec, status } = claim;
  // Harvester tells it of the device.
  const offered = dialect === "own" ? status?.resourceName : pciDevice?.status?.resourceName;
  return {
    ...settings,
    resourceUrn: settings.resourceUrn ?? "",
    claimName: metadata.name,
    pciDevice: metadata.name,
    nodeName: spec.nodeName,
    address: spec.address,
    userName: spec.userName,
    passthroughEnabled: status?.passthroughEnabled ?? false,
    resourceName: offered ?? "",
    kernelDriverToUnbind: status?.kernelDriverToUnbind ?? "",
    status: statusOf(claim, dialect),
    ...(fieldManager !== undefined && { fieldManager }),
  };
}

/**
 * Pure: the settings that the live object stands for. Of a claim that the resource has made these are the fields that it
 * has set, since others are others' to set; of one that is only looked up, all.
 */
export function liveSettings({ metadata, spec }: PciDeviceClaim, olds: Partial<ClaimOutputs>): PartialClaimInputs {
  const { disableResourcePooling, givenResourceName, taken, ...others } = olds;
  const isOurs = olds.fieldManager !== undefined;
  const override = metadata.annotations?.[Annotation.overrideResourceName];
  const hasPooling = spec.disableResourcePooling !== undefined && (!isOurs || disableResourcePooling !== undefined);
  const hasOverride = override !== undefined && (!isOurs || givenResourceName !== undefined);
  return {
    ...others,
    ...(hasPooling && { disableResourcePooling: spec.disableResourcePooling }),
    ...(hasOverride && { givenResourceName: override }),
  };
}

function statusOf(claim: PciDeviceClaim, dialect: DeviceDialectName): string {
  if (dialect === "own") return claimReady(claim)?.reason ?? "";
  return claim.status?.passthroughEnabled === true ? ClaimReason.Enabled : "";
}
