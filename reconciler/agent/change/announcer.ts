import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { describeChange, type UsedVf, type VfCountPlan } from "../../../plan/vf-count.js";
import type { EventRecorder } from "../../service/events.js";
import { EventReason } from "../event-reason.js";
import type { AgentMetrics } from "../service/metrics.js";
import { describeDrift, type Deviation } from "./deviation.js";
import { allowedCount, listUsed } from "./guard.js";
import type { Transition } from "./object-writer.js";
import type { Outcome } from "./outcome.js";

/** What people should see of one NIC, told when it happens and not again with every pass that finds it so. */
export class Announcer {
  private drift: Deviation | undefined;

  constructor(
    private readonly events: EventRecorder,
    private readonly metrics: Pick<AgentMetrics, "changeRefused">,
  ) {}

  /** `consequence`: what comes of it, as a sentence. */
  drifted(device: SriovNetworkDevice, deviation: Deviation | undefined, consequence: string): void {
    if (deviation?.kind !== "drift" || deviation === this.drift) return;
    this.drift = deviation;
    this.tell(device, "Warning", EventReason.Drift, describeDrift(deviation, consequence));
  }

  changed(device: SriovNetworkDevice, plan: VfCountPlan, deviation: Deviation | undefined): void {
    const change = describeChange(plan);
    if (deviation?.kind !== "restart") this.tell(device, "Normal", EventReason.VfsChanged, change);
    else this.tell(device, "Normal", EventReason.Restored, `${change}, as before the restart of the node`);
  }

  /** `what`: each MTU and driver, from and to. */
  set(device: SriovNetworkDevice, what: string): void {
    this.tell(device, "Normal", EventReason.Adjusted, what);
  }

  disrupted(device: SriovNetworkDevice, lost: readonly UsedVf[]): void {
    const message = `VFs in use were destroyed, as the annotation for ${allowedCount(device) ?? ""} VFs allowed: ${listUsed(lost)}`;
    this.tell(device, "Warning", EventReason.Disrupted, message);
  }

  /** What was written of an outcome, where it says something new. `tried`: the kernel was asked. */
  reported(device: SriovNetworkDevice, { before, after }: Transition, outcome: Outcome, tried: boolean): void {
    if (before?.reason === after.reason && before.message === after.message) return;
    if (after.status === "False") {
      this.tell(device, "Warning", EventReason.ChangeRefused, after.message);
      // What the kernel answers is counted with each attempt.
      if (!tried) this.metrics.changeRefused(after.reason);
    } else if (outcome.kind === "configured" && outcome.shortcoming !== undefined)
      this.tell(device, "Warning", EventReason.LinkDown, outcome.shortcoming);
  }

  gone(device: SriovNetworkDevice, { before, after }: Transition): void {
    if (before?.reason !== after.reason) this.tell(device, "Warning", EventReason.DeviceGone, after.message);
  }

  back(device: SriovNetworkDevice): void {
    this.tell(device, "Normal", EventReason.DeviceBack, `there is a NIC at ${device.spec.address} again`);
  }

  private tell(device: SriovNetworkDevice, type: "Normal" | "Warning", reason: EventReason, message: string): void {
    this.events.record(SRIOV_NETWORK_DEVICE, device, { type, reason, message });
  }
}
