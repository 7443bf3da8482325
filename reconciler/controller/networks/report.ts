import { isDeepStrictEqual } from "node:util";
import { Annotation } from "../../../api/names.js";
import type { NetworkAttachmentDefinition } from "../../../api/network-attachment-definition.js";
import type { Condition } from "../../../api/object.js";
import { READY } from "../../../api/sriov-network-device.js";
import { NetworkReason, type SriovNetwork, type SriovNetworkStatus } from "../../../api/sriov-network.js";
import type { NetworkOutcome } from "./outcome.js";
import { placeKey } from "./place.js";

/** The network's status for an outcome; conditions of others stay, and `Ready` keeps the time since when it is so. */
export function reportOutcome(network: SriovNetwork, outcome: NetworkOutcome, now: Date): SriovNetworkStatus {
  const { attachment, reason, message } = outcome;
  const existing = network.status?.conditions ?? [];
  const observedGeneration = network.metadata.generation ?? 1;
  const status = reason === NetworkReason.Attached ? "True" : "False";
  const before = existing.find(({ type }) => type === READY);
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : wholeSeconds(now);
  const ready: Condition = { type: READY, status, reason, message, observedGeneration, lastTransitionTime };
  const resourceName = attachment?.metadata.annotations?.[Annotation.resourceName];
  return {
    observedGeneration,
    conditions: [ready, ...existing.filter(({ type }) => type !== READY)],
    ...(attachment && { networkAttachmentDefinition: nameOf(attachment) }),
    ...(resourceName !== undefined && { resourceName }),
  };
}

/** The merge patch of status that makes it so; undefined where it is so. */
export function statusPatch(
  network: SriovNetwork,
  status: SriovNetworkStatus,
): Readonly<Record<string, unknown>> | undefined {
  const { observedGeneration, conditions, networkAttachmentDefinition, resourceName } = network.status ?? {};
  const current = { observedGeneration, conditions, networkAttachmentDefinition, resourceName };
  const wanted = { networkAttachmentDefinition: undefined, resourceName: undefined, ...status };
  if (isDeepStrictEqual(current, wanted)) return undefined;
  return {
    ...status,
    networkAttachmentDefinition: status.networkAttachmentDefinition ?? null,
    resourceName: status.resourceName ?? null,
  };
}

export function readyOf(status: SriovNetworkStatus | undefined): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === READY);
}

function nameOf({ metadata: { namespace = "", name } }: NetworkAttachmentDefinition): string {
  return placeKey({ namespace, name });
}

function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
