import { ClaimReason, claimReady, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { Verdict } from "../../../kube/wait.js";
import type { DeviceDialectName } from "../cluster.js";

/** What has become of a claim? Pure functions of the claim as it is now. */

/** The claim is not there any more, or is on its way out, or another one has its name. */
export class ClaimVanished extends Error {
  override readonly name = "ClaimVanished";
}

/** The device is not handed out, and will not be as things are; nothing of it was changed. */
export class ClaimRefused extends Error {
  override readonly name = "ClaimRefused";
}

/** What a change of a claim is to come to. */
export interface AwaitedClaim {
  /** The claim as the change left it. */
  readonly applied: PciDeviceClaim;
  /** The name that the device is to be offered under, as far as that is known. */
  readonly resourceName: string | undefined;
  readonly dialect: DeviceDialectName;
  /** Others of the device's IOMMU group may be claimed yet, by the same program say, with which it would be handed out. */
  readonly isGroupComing?: boolean;
}

/** Is the device handed out? */
export function enabledVerdict(claim: PciDeviceClaim | undefined, awaited: AwaitedClaim): Verdict<PciDeviceClaim> {
  const { applied, dialect } = awaited;
  const { name } = applied.metadata;
  if (claim === undefined || claim.metadata.uid !== applied.metadata.uid)
    return failed(new ClaimVanished(`${name}: the claim was deleted while it was waited for. Run up again.`));
  if (claim.metadata.deletionTimestamp !== undefined)
    return failed(new ClaimVanished(`${name}: somebody is deleting the claim. Run up again once it is gone.`));
  return dialect === "own" ? ownVerdict(claim, awaited) : harvesterVerdict(claim);
}

/** Has the agent said anything of the claim as the change left it? */
export function isAnswered(claim: PciDeviceClaim | undefined, { applied, resourceName }: AwaitedClaim): boolean {
  if (claim === undefined || !hasObserved(claim, applied.metadata.generation ?? 0)) return false;
  // Where only an annotation asks for another name, the generation is the same.
  const offered = claim.status?.resourceName;
  return claimReady(claim)?.status !== "True" || resourceName === undefined || offered === resourceName;
}

export function hasObserved({ status }: PciDeviceClaim, generation: number): boolean {
  return (status?.observedGeneration ?? 0) >= generation;
}

function ownVerdict(claim: PciDeviceClaim, awaited: AwaitedClaim): Verdict<PciDeviceClaim> {
  const { applied } = awaited;
  const ready = claimReady(claim);
  if (ready === undefined || !isAnswered(claim, awaited))
    return pending(`waiting for the agent on node ${claim.spec.nodeName}`);
  if (ready.status === "True") return { state: "satisfied", result: claim };
  if (isFinal(ready.reason, awaited)) return failed(new ClaimRefused(`${applied.metadata.name}: ${ready.message}`));
  return pending(`${ready.reason}: ${ready.message}`);
}

/** Its controller tells success alone: whatever is in the way is in its log. */
function harvesterVerdict(claim: PciDeviceClaim): Verdict<PciDeviceClaim> {
  if (claim.status?.passthroughEnabled === true) return { state: "satisfied", result: claim };
  return pending(
    `Harvester's pcidevices controller on node ${claim.spec.nodeName} has not enabled passthrough yet (what is in its way, ` +
      `it tells in its log alone)`,
  );
}

/** Was the device handed out before the change? */
export function wasEnabled({ status }: PciDeviceClaim): boolean {
  return status?.passthroughEnabled === true;
}

/** A VF that was handed out comes back; one that was never there may never come. */
function isFinal(reason: string, { applied, isGroupComing = false }: AwaitedClaim): boolean {
  if (reason === ClaimReason.GroupInUse) return !isGroupComing;
  return FINAL.has(reason) || (reason === ClaimReason.DeviceAway && !wasEnabled(applied));
}

/** What the program, or somebody else, must put right before a claim can be carried out. */
const FINAL: ReadonlySet<string> = new Set([
  ClaimReason.InUse,
  ClaimReason.NoIommu,
  ClaimReason.ModuleMissing,
  ClaimReason.NotEligible,
  ClaimReason.Duplicate,
  ClaimReason.InvalidResourceName,
]);

function failed(error: Error): Verdict<never> {
  return { state: "failed", error };
}

function pending(what: string): Verdict<never> {
  return { state: "pending", what };
}
