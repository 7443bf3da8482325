import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { messageOf } from "../../../kube/errors.js";
import type { PciAddress } from "../../kernel/kernel.js";
import { DeviceReconciler, type ReconcilerOptions, type ReconcilerParts } from "./device-reconciler.js";
import { ObjectWriter, type ObjectWriterParts } from "./object-writer.js";

export type DeviceLoopOptions = ReconcilerOptions;
export type DeviceLoopParts = ReconcilerParts & ObjectWriterParts;

/** udev may rename interfaces after they were taken for settled. */
const LOOKS_AFTER_CHANGE_MS = [1_000, 4_000, 10_000];

/**
 * When one NIC is looked at: one pass at a time, another when it was woken meanwhile, and after a failure one more with
 * growing pauses. NICs have loops of their own, so that one that hangs holds up no other.
 */
export class DeviceLoop {
  private readonly writer: ObjectWriter;
  private readonly reconciler: DeviceReconciler;
  private running: Promise<void> | undefined;
  private woken = false;
  private timer: NodeJS.Timeout | undefined;
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
    this.woken = true;
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.writer.acknowledgeNewGeneration();
    this.running ??= this.run();
  }

  /** Resolves when nothing is left to do for now. */
  async idle(): Promise<void> {
    await this.running;
  }

  /** Ends after the pass that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.writer.cancelAcknowledgement();
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.woken && !this.stopped) {
      this.woken = false;
      try {
        const { retryAt, changed } = await this.reconciler.reconcile();
        if (changed) this.looks = LOOKS_AFTER_CHANGE_MS;
        if (retryAt === undefined) this.lookAgain();
        else this.wakeAt(retryAt);
      } catch (error) {
        this.parts.log.error({ err: error }, `pass failed: ${messageOf(error)}`);
        this.wakeAt(this.reconciler.retryAfterFailure());
      }
    }
    // Not after this function has returned: who wakes it in between would be forgotten, with the timer of a retry.
    this.running = undefined;
  }

  private lookAgain(): void {
    const [next, ...later] = this.looks;
    this.looks = later;
    if (next !== undefined) this.wakeAt(Date.now() + next);
  }

  private wakeAt(time: number): void {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => this.wake(), time - Date.now());
  }
}
