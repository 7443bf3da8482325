import type { Logger } from "pino";
import { NetworkReason, SRIOV_NETWORK, type SriovNetwork } from "../../../api/sriov-network.js";
import type { EventRecorder, ObjectEvent } from "../../service/events.js";
import type { NetworkOutcome } from "./outcome.js";
import { placeKey } from "./place.js";
import { readyOf } from "./report.js";

/** What was done to the attachment. */
export type Written = "made" | "corrected" | undefined;

/** Reasons of events of networks, beside those of the condition Ready. */
export const NetworkEvent = {
  /** Normal: the network has its attachment, or has it anew. */
  Attached: "Attached",
  /** Normal: the attachment was brought in line with a network that had changed. */
  Updated: "Updated",
  /** Normal: somebody had edited or deleted the attachment. */
  PutBack: "PutBack",
} as const;

/** Tells people what has come of a network, when it happens. */
export class Announcer {
  constructor(
    private readonly events: EventRecorder,
    private readonly log: Logger,
  ) {}

  /** `network` is as it was before, status included. */
  tell(network: SriovNetwork, outcome: NetworkOutcome, written: Written): void {
    const event = eventOf(network, outcome, written);
    if (event === undefined) return;
    const { namespace = "", name } = network.metadata;
    this.log.info({ network: placeKey({ namespace, name }), reason: event.reason }, event.message);
    this.events.record(SRIOV_NETWORK, network, event);
  }
}

/** Undefined where there is no news. */
export function eventOf(network: SriovNetwork, outcome: NetworkOutcome, written: Written): ObjectEvent | undefined {
  const { reason, message } = outcome;
  const before = readyOf(network.status);
  if (reason !== NetworkReason.Attached) {
    const isNews = before?.reason !== reason || before.message !== message;
    return isNews ? { type: "Warning", reason, message } : undefined;
  }
  const wasAttached = before?.status === "True";
  if (wasAttached && written === undefined) return undefined;
  if (!wasAttached) return { type: "Normal", reason: NetworkEvent.Attached, message };
  if (before.observedGeneration !== network.metadata.generation) {
    return { type: "Normal", reason: NetworkEvent.Updated, message };
  }
  const putBack = `somebody had ${written === "made" ? "deleted" : "changed"} the attachment; it is put back: ${message}`;
  return { type: "Normal", reason: NetworkEvent.PutBack, message: putBack };
}
