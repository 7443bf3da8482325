import { isDeepStrictEqual } from "node:util";
import {
  ClaimReason,
  type ClaimedVirtualFunction,
  type PciDeviceClaim,
  type PciDeviceClaimStatus,
} from "../../../api/pci-device-claim.js";
import { READY } from "../../../api/sriov-network-device.js";
import { withConditions } from "../change/report.js";

/** What came of a pass over a claim. */
export interface ClaimOutcome {
  readonly reason: ClaimReason;
  readonly message: string;
  /** The device is bound to vfio-pci for the claim, or its VF comes back so. */
  readonly passthroughEnabled: boolean;
  /** Undefined: as it was. */
  readonly kernelDriverToUnbind?: string | undefined;
  /** Undefined: as it was. */
  readonly resourceName?: string | undefined;
  /** Undefined: nobody. */
  readonly usedBy?: string | undefined;
  /** Undefined: as it was. */
  readonly virtualFunction?: ClaimedVirtualFunction | undefined;
}

/** A merge patch: what is null goes. */
export type StatusPatch = { readonly [F in keyof PciDeviceClaimStatus]: PciDeviceClaimStatus[F] | null };

/** The status that tells of it; undefined where it is told already. Pure. */
export function claimStatus(claim: PciDeviceClaim, outcome: ClaimOutcome, now: Date): StatusPatch | undefined {
  const { reason, message, passthroughEnabled, kernelDriverToUnbind, virtualFunction, usedBy } = outcome;
  const { status = {} } = claim;
  const observedGeneration = claim.metadata.generation ?? 1;
  const isReady = reason === ClaimReason.Enabled;
  const ready = { type: READY, status: isReady ? "True" : "False", reason, message, observedGeneration } as const;
  const resourceName = outcome.resourceName ?? status.resourceName;
  const wanted: StatusPatch = {
    passthroughEnabled,
    // Nothing offers it while it is not bound.
    resourceName: (passthroughEnabled && resourceName) || null,
    usedBy: (passthroughEnabled && usedBy) || null,
    observedGeneration,
    ...(kernelDriverToUnbind !== undefined && { kernelDriverToUnbind }),
    ...(virtualFunction !== undefined && { virtualFunction }),
    conditions: withConditions(status.conditions ?? [], [ready], now),
  };
  const known: Readonly<Record<string, unknown>> = { ...status };
  const isTold = Object.entries(wanted).every(([field, value]) => isDeepStrictEqual(known[field] ?? null, value));
  return isTold ? undefined : wanted;
}
