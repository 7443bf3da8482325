import { Annotation, CONTROLLER_FIELD_MANAGER } from "../../../api/names.js";
import type { NetworkAttachmentDefinition } from "../../../api/network-attachment-definition.js";
import { NetworkReason, type SriovNetwork } from "../../../api/sriov-network.js";
import { isKindMissing, messageOf } from "../../../kube/errors.js";
import { KIND_MISSING, type NetworkDecision } from "./decide.js";
import { belongsTo, type Place, placeKey } from "./place.js";

/** What has come of a network. */
export interface NetworkOutcome {
  readonly reason: NetworkReason;
  readonly message: string;
  /** The attachment that it has, though it may not be as the network says; undefined: none. */
  readonly attachment: NetworkAttachmentDefinition | undefined;
}

/** Why a network is not as it should be. */
export interface Shortcoming {
  readonly reason: Exclude<NetworkReason, "Attached">;
  readonly message: string;
}

/** An attachment that is not as the network says is still told of, where it is the network's. */
export function outcomeOf(
  verdict: Extract<NetworkDecision, { kind: "attached" }> | Shortcoming,
  network: SriovNetwork,
  existing: NetworkAttachmentDefinition | undefined,
): NetworkOutcome {
  const attachment = existing && belongsTo(existing, network) ? existing : undefined;
  if ("reason" in verdict) return { reason: verdict.reason, message: verdict.message, attachment };
  const { namespace = "", name, annotations } = verdict.attachment.metadata;
  const resource = annotations?.[Annotation.resourceName] ?? "";
  const message = `NetworkAttachmentDefinition ${placeKey({ namespace, name })} gives pods a VF of ${resource}`;
  return { reason: NetworkReason.Attached, message, attachment };
}

/** A request went wrong. */
export function failed(error: unknown): Shortcoming {
  if (isKindMissing(error)) return KIND_MISSING;
  const said = messageOf(error).replace(/\.$/, "");
  return { reason: NetworkReason.Failed, message: `${said}. It is tried again with growing pauses.` };
}

/** Two write to one attachment in turns. */
export function contended(place: Place, existing: NetworkAttachmentDefinition | undefined): Shortcoming {
  const others = (existing?.metadata.managedFields ?? [])
    .map(({ manager = "" }) => manager)
    .filter((manager) => manager !== "" && manager !== CONTROLLER_FIELD_MANAGER);
  const who = others.length === 0 ? "somebody" : [...new Set(others)].join(", ");
  const message =
    `NetworkAttachmentDefinition ${placeKey(place)} is changed or deleted again and again (field managers: ${who}); ` +
    `it is put back with growing pauses. Have only one of them look after SriovNetworks.`;
  return { reason: NetworkReason.Failed, message };
}
