import { claimReady, ClaimReason, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { ClaimRefusal } from "../../../plan/claims/claim-refusal.js";
import type { PciFunctionDetail } from "../../kernel/kernel.js";
import type { EventRecorder } from "../../service/events.js";
import { EventReason } from "../event-reason.js";
import type { ClaimOutcome } from "./claim-report.js";

/** States that pass, or that the device's NIC tells of. */
const NO_REFUSALS: ReadonlySet<ClaimReason> = new Set([
  ClaimReason.Binding,
  ClaimReason.DeviceAway,
  ClaimReason.Releasing,
]);

/** What people should see of a claim, told when it happens and not again with every pass that finds it so. */
export class Announcer {
  constructor(private readonly events: EventRecorder) {}

  /** `claim` as it was when the pass began. */
  told(claim: PciDeviceClaim, { reason, message }: ClaimOutcome): void {
    const before = claimReady(claim);
    if (reason === ClaimReason.Enabled) {
      if (before?.reason !== reason) this.tell(claim, "Normal", EventReason.Bound, message);
      return;
    }
    const isNew = before?.reason !== reason || before.message !== message;
    if (isNew && !NO_REFUSALS.has(reason)) this.tell(claim, "Warning", EventReason.ClaimRefused, message);
  }

  /** `refusal`: why it has no driver. */
  released(claim: PciDeviceClaim, found: PciFunctionDetail | undefined, refusal: ClaimRefusal | undefined): void {
    const { address } = claim.spec;
    if (refusal !== undefined) {
      this.tell(claim, "Warning", EventReason.Released, `${address} is left without a driver: ${refusal.message}`);
      return;
    }
    const now = found === undefined ? "is away" : `has ${found.driver ?? "no driver"}`;
    this.tell(claim, "Normal", EventReason.Released, `${address} is not claimed any more, and ${now}`);
  }

  private tell(claim: PciDeviceClaim, type: "Normal" | "Warning", reason: EventReason, message: string): void {
    this.events.record(PCI_DEVICE_CLAIM, claim, { type, reason, message });
  }
}
