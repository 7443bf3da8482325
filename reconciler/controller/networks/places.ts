import type { Logger } from "pino";
import type { NetworkAttachmentDefinition } from "../../../api/network-attachment-definition.js";
import type { SriovNetwork } from "../../../api/sriov-network.js";
import { messageOf } from "../../../kube/errors.js";
import type { Announcer, Written } from "./announcer.js";
import type { Attachments } from "./attachments.js";
import { decide, type Surroundings } from "./decide.js";
import type { NetworkWatches } from "./network-watches.js";
import type { NetworkWriter } from "./network-writer.js";
import { contended, failed, type NetworkOutcome, outcomeOf } from "./outcome.js";
import { type Place, placeKey } from "./place.js";
import type { Repairs } from "../repairs.js";
import type { Sweeper } from "./sweeper.js";
import type { Turn } from "./work-queue.js";

export interface PlacesParts {
  readonly attachments: Pick<Attachments, "known" | "current" | "apply">;
  readonly writer: Pick<NetworkWriter, "fill" | "report">;
  readonly announcer: Announcer;
  readonly sweeper: Pick<Sweeper, "sweep">;
  readonly repairs: Repairs;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly watches: Pick<NetworkWatches, "claimants">;
  readonly surroundings: (network: SriovNetwork) => Omit<Surroundings, "existing">;
}

/** A network that is filled, made and read back takes three; what takes more is changed by somebody all the while. */
const MAX_LOOKS = 6;

/**
 * What is done about a place: the network that it belongs to gets its attachment there, another that wants it too is told
 * so, and what a network has left behind goes. One turn at a time for a place, since two networks can want the same one.
 */
export class Places {
  constructor(private readonly parts: PlacesParts) {}

  /** @throws What went wrong with a network, once it was said in its status and the others had their turn. */
  async turn(place: Place): Promise<Turn> {
    const { watches, repairs, sweeper, signal } = this.parts;
    const failures: unknown[] = [];
    const pauses: number[] = [];
    const claimants = watches.claimants(place);
    if (claimants.length === 0) repairs.forget(placeKey(place));
    for (const network of claimants) {
      try {
        pauses.push(await this.attach(network, place));
      } catch (error) {
        if (signal.aborted) return {};
        failures.push(error);
        await this.reportFailure(network, place, error);
      }
    }
    await sweeper.sweep(place);
    if (failures.length > 0) throw failures[0];
    const again = Math.max(0, ...pauses);
    return again > 0 ? { again } : {};
  }

  /** Resolves with the milliseconds after which it must be looked at again; 0: only when something changes. */
  private async attach(network: SriovNetwork, place: Place): Promise<number> {
    const { attachments, writer, surroundings, signal } = this.parts;
    let existing = attachments.known(place);
    let written: Written;
    for (let look = 0; look < MAX_LOOKS; look++) {
      const current = this.latest(network, place);
      if (current === undefined) return 0;
      const decision = decide(current, { ...surroundings(current), existing });
      if (decision.kind === "attached" || decision.kind === "refused") {
        await this.report(current, outcomeOf(decision, current, existing), written);
        return 0;
      }
      if (decision.kind === "fill") {
        await writer.fill(current, decision.resourceName, signal);
        continue;
      }
      const step = await this.write(decision.attachment, existing, place);
      if (step.pauseMs > 0) {
        await this.report(current, outcomeOf(contended(place, step.existing), current, step.existing), written);
        return step.pauseMs;
      }
      existing = step.existing;
      written = step.written ?? written;
    }
    throw new Error(`somebody else changes NetworkAttachmentDefinition ${placeKey(place)} as soon as it is written`);
  }

  /** One attempt to have the attachment as it should be, and what is there then. */
  private async write(
    wanted: NetworkAttachmentDefinition,
    known: NetworkAttachmentDefinition | undefined,
    place: Place,
  ): Promise<Step> {
    const { attachments, repairs } = this.parts;
    // Nothing is made on hearsay: what no watch has told of yet may be somebody else's.
    const existing = known ?? (await attachments.current(place));
    if (known === undefined && existing !== undefined) return { existing, written: undefined, pauseMs: 0 };
    const pauseMs = repairs.pauseBefore(placeKey(place), wanted);
    if (pauseMs > 0) return { existing, written: undefined, pauseMs };
    const applied = await attachments.apply(wanted, existing);
    if (applied === undefined) return { existing: await attachments.current(place), written: undefined, pauseMs: 0 };
    repairs.wrote(placeKey(place), wanted);
    return { existing: applied, written: existing === undefined ? "made" : "corrected", pauseMs: 0 };
  }

  private async reportFailure(network: SriovNetwork, place: Place, error: unknown): Promise<void> {
    const { attachments, log } = this.parts;
    const current = this.latest(network, place);
    if (current === undefined) return;
    try {
      await this.report(current, outcomeOf(failed(error), current, attachments.known(place)), undefined);
    } catch (second) {
      log.error({ err: second }, `status of SriovNetwork ${placeKey(place)}: ${messageOf(second)}`);
    }
  }

  /** As it is known now; undefined where it is gone, or wants nothing there any more. */
  private latest({ metadata: { uid } }: SriovNetwork, place: Place): SriovNetwork | undefined {
    return this.parts.watches.claimants(place).find(({ metadata }) => metadata.uid === uid);
  }

  private async report(network: SriovNetwork, outcome: NetworkOutcome, written: Written): Promise<void> {
    await this.parts.writer.report(network, outcome, this.parts.signal);
    this.parts.announcer.tell(network, outcome, written);
  }
}

interface Step {
  readonly existing: NetworkAttachmentDefinition | undefined;
  readonly written: Written;
  /** How long to wait before it is tried; 0: it was tried. */
  readonly pauseMs: number;
}
