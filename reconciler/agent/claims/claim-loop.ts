import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { isConflict, isNotFound, messageOf } from "../../../kube/errors.js";
import { PassLoop } from "../pass-loop.js";
import type { ClaimParts } from "./claim-parts.js";
import { ClaimReconciler } from "./claim-reconciler.js";
import { ClaimWriter, type ClaimWriterParts } from "./claim-writer.js";

export type ClaimLoopParts = ClaimParts & ClaimWriterParts;

/** When one claim is looked at. Claims have loops of their own, so that one that hangs holds up none of another NIC. */
export class ClaimLoop {
  private readonly writer: ClaimWriter;
  private readonly reconciler: ClaimReconciler;
  private readonly passes = new PassLoop(() => this.pass());
  private stopped = false;
  private passed = false;

  /** @param onFirstPass it has been looked at once; its status may say the same as before. */
  constructor(
    private readonly parts: ClaimLoopParts,
    private readonly onFirstPass: () => void = () => undefined,
  ) {
    this.writer = new ClaimWriter(parts);
    this.reconciler = new ClaimReconciler(parts, this.writer);
  }

  /** The claim has changed. Word of what this loop wrote itself is no reason for another pass. */
  hear(claim: PciDeviceClaim): void {
    if (!this.writer.isOwnWord(claim)) this.wake();
  }

  /** The claim, its device or its users may have changed. */
  wake(): void {
    if (!this.stopped) this.writer.acknowledgeNewGeneration();
    this.passes.wake();
  }

  /** Has it been looked at? Until then its status may speak of before the node was restarted. */
  get hasPassed(): boolean {
    return this.passed;
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
      return await this.reconciler.reconcile();
    } catch (error) {
      // Gone, or written by somebody else just now: the informer will tell.
      if (isNotFound(error)) return undefined;
      if (!isConflict(error)) this.parts.log.error({ err: error }, `pass failed: ${messageOf(error)}`);
      return this.reconciler.retryAfterFailure();
    } finally {
      const isFirst = !this.passed;
      this.passed = true;
      if (isFirst) this.onFirstPass();
    }
  }
}
