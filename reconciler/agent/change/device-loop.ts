import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { messageOf } from "../../../kube/errors.js";
import type { PciAddress } from "../../kernel/kernel.js";
import { PassLoop } from "../pass-loop.js";
import type { Turns } from "../turns.js";
import { DeviceReconciler, type ReconcilerOptions, type ReconcilerParts } from "./device-reconciler.js";
import { ObjectWriter, type ObjectWriterParts } from "./object-writer.js";

export type DeviceLoopOptions = ReconcilerOptions;
export interface DeviceLoopParts extends ReconcilerParts, ObjectWriterParts {
  /** By physical function: whoever does something to one or to its VFs takes his turn. */
  readonly turns: Turns<PciAddress>;
}

/** udev may rename interfaces after they were taken for settled. */
const LOOKS_AFTER_CHANGE_MS = [1_000, 4_000, 10_000];

/**
 * When one NIC is looked at: at every wake, after a failure once more with growing pauses, and after a change. NICs have
 * loops of their own, so that one that hangs holds up no other.
 */
export class DeviceLoop {
  private readonly writer: ObjectWriter;
  private readonly reconciler: DeviceReconciler;
  private readonly passes = new PassLoop(() => this.pass());
  private stopped = false;
  private looks: readonly number[] = [];

  constructor(
    readonly address: PciAddress,
    private readonly parts: DeviceLoopParts,
  ) {
    this.writer = new ObjectWriter(parts);
    this.reconciler = new DeviceReconciler(address, parts, this.writer);
  }

  /** The object has changed. Word of what this loop wrote itself is no reason for another pass. */
  hear(device: SriovNetworkDevice): void {
    if (!this.writer.isOwnWord(device)) this.wake();
  }

  /** The object, the hardware or its users may have changed. Where they have not, what failed is not tried any sooner. */
  wake(): void {
    if (!this.stopped) this.writer.acknowledgeNewGeneration();
    this.passes.wake();
  }

  /** Resolves when nothing is left to do for now. */
  async idle(): Promise<void> {
    await this.passes.idle();
  }

  /** Ends after the pass that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.writer.cancelAcknowledgement();
    await this.passes.stop();
  }

  private async pass(): Promise<number | undefined> {
    try {
      const { retryAt, changed } = await this.parts.turns.take(this.address, () => this.reconciler.reconcile());
      if (changed) this.looks = LOOKS_AFTER_CHANGE_MS;
      return retryAt ?? this.nextLook();
    } catch (error) {
      this.parts.log.error({ err: error }, `pass failed: ${messageOf(error)}`);
      return this.reconciler.retryAfterFailure();
    }
  }

  private nextLook(): number | undefined {
    const [next, ...later] = this.looks;
    this.looks = later;
    return next && Date.now() + next;
  }
}
