import { ClaimReason, claimReady, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { Verdict } from "../../../kube/wait.js";
import type { DeviceDialect } from "../cluster.js";

/** What has become of a claim? Pure functions of the claim as it is now. */

/** The claim is not there any more, or is on its way out, or another one has its name. */
export class ClaimVanished extends Error {
  override readonly name = "ClaimVanished";
}

/** The device is not handed out, and will not be as things are; nothing of it was changed. */
export class ClaimRefused extends Error {
  override readonly name = "ClaimRefused";
}

/** Is the device handed out? `applied` is the claim as the change left it. */
export function enabledVerdict(
  claim: PciDeviceClaim | undefined,
  applied: PciDeviceClaim,
  dialect: DeviceDialect,
): Verdict<PciDeviceClaim> {
  const { name } = applied.metadata;
  if (claim === undefined || claim.metadata.uid !== applied.metadata.uid)
    return failed(new ClaimVanished(`${name}: the claim was deleted while it was waited for. Run up again.`));
  if (claim.metadata.deletionTimestamp !== undefined)
    return failed(new ClaimVanished(`${name}: somebody is deleting the claim. Run up again once it is gone.`));
  return dialect === "own" ? ownVerdict(claim, applied) : harvesterVerdict(claim);
}

/** Has the agent said anything of the claim as it is now? */
export function isAnswered(claim: PciDeviceClaim | undefined, generation: number): boolean {
  return (claim?.status?.observedGeneration ?? 0) >= generation;
}

function ownVerdict(claim: PciDeviceClaim, applied: PciDeviceClaim): Verdict<PciDeviceClaim> {
  const { name, generation = 0 } = applied.metadata;
  const ready = claimReady(claim);
  if (ready === undefined || !isAnswered(claim, generation))
    return pending(`waiting for the agent on node ${claim.spec.nodeName}`);
  if (ready.status === "True") return { state: "satisfied", result: claim };
  if (isFinal(ready.reason, applied)) return failed(new ClaimRefused(`${name}: ${ready.message}`));
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
function isFinal(reason: string, applied: PciDeviceClaim): boolean {
  return FINAL.has(reason) || (reason === ClaimReason.DeviceAway && !wasEnabled(applied));
}

/** What the program, or somebody else, must put right before a claim can be carried out. */
const FINAL: ReadonlySet<string> = new Set([
  ClaimReason.InUse,
  ClaimReason.GroupInUse,
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
