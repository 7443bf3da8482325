import { Annotation, CONTROLLER_FIELD_MANAGER, SRIOV_NETWORK_GROUP } from "../../../api/names.js";
import type { NetworkAttachmentDefinition } from "../../../api/network-attachment-definition.js";
import type { FieldsV1 } from "../../../api/object.js";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../api/sriov-network.js";
import { ownerRef } from "../../../plan/networks/render-attachment.js";

/** Where an attachment is: its namespace, and its name, which is its network's. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** Where the network's attachment belongs. A network that may not choose its namespace keeps to its own. */
export function placeOf(network: SriovNetwork, controllerNamespace: string): Place {
  const { name, namespace = "" } = network.metadata;
  const asked = network.spec.networkNamespace;
  return { namespace: asked && !asksTooMuch(network, controllerNamespace) ? asked : namespace, name };
}

/** Does it ask for a namespace that is not its own, though only networks beside the controller may? */
export function asksTooMuch({ metadata, spec }: SriovNetwork, controllerNamespace: string): boolean {
  const { networkNamespace } = spec;
  return (
    Boolean(networkNamespace) && networkNamespace !== metadata.namespace && metadata.namespace !== controllerNamespace
  );
}

export function samePlace(one: Place, other: Place): boolean {
  return one.namespace === other.namespace && one.name === other.name;
}

/** As one word, which no other place has. */
export function placeKey({ namespace, name }: Place): string {
  return `${namespace}/${name}`;
}

export function placeFromKey(key: string): Place {
  const [namespace = "", name = ""] = key.split("/");
  return { namespace, name };
}

/** What the attachment says of whom it was made for; undefined where it says nothing. */
export function ownerOf(attachment: NetworkAttachmentDefinition): string | undefined {
  return attachment.metadata.annotations?.[Annotation.ownerRef];
}

/** Namespace and name of the network that such a text speaks of; undefined where it speaks of something else. */
export function networkNamed(owner: string | undefined): Place | undefined {
  if (!owner?.startsWith(OWNER_PREFIX)) return undefined;
  const [namespace, name, ...rest] = owner.slice(OWNER_PREFIX.length).split("/");
  return namespace && name && rest.length === 0 ? { namespace, name } : undefined;
}

/**
 * Is the attachment this network's? Its annotation says so, whoever wrote it: what the sriov-network-operator made for the
 * same network is taken over. Where somebody took the annotation away, the fields do that the controller owns.
 */
export function belongsTo(attachment: NetworkAttachmentDefinition, network: SriovNetwork): boolean {
  const owner = ownerOf(attachment);
  return owner === undefined ? applied(attachment, CONFIG_FIELD) : owner === ownerRef(network);
}

/** Did the controller, and nobody after it, say whom the attachment was made for? No other is ever deleted. */
export function isMadeByController(attachment: NetworkAttachmentDefinition): boolean {
  return applied(attachment, OWNER_FIELD);
}

const OWNER_PREFIX = `${SRIOV_NETWORK.kind}.${SRIOV_NETWORK_GROUP}/`;
const CONFIG_FIELD = ["f:spec", "f:config"];
const OWNER_FIELD = ["f:metadata", "f:annotations", `f:${Annotation.ownerRef}`];

/** Does the controller's field manager own the field? */
function applied({ metadata }: NetworkAttachmentDefinition, path: readonly string[]): boolean {
  return (metadata.managedFields ?? []).some(
    ({ manager, operation, subresource, fieldsV1 }) =>
      manager === CONTROLLER_FIELD_MANAGER &&
      operation === "Apply" &&
      !subresource &&
      path.reduce<FieldsV1 | undefined>((fields, key) => fields?.[key], fieldsV1) !== undefined,
  );
}
