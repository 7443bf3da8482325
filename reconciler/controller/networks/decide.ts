import { isDeepStrictEqual } from "node:util";
import { Annotation } from "../../../api/names.js";
import type { NetworkAttachmentDefinition } from "../../../api/network-attachment-definition.js";
import type { KubeObject } from "../../../api/object.js";
import { NetworkReason, type SriovNetwork } from "../../../api/sriov-network.js";
import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { InputProblem } from "../../../plan/input-problem.js";
import { jsonTextProblems } from "../../../plan/networks/network-inputs.js";
import { ownerRef, renderAttachment } from "../../../plan/networks/render-attachment.js";
import { asksTooMuch, belongsTo, isMadeByController, ownerOf, placeKey, placeOf } from "./place.js";

/** What is to be done about one network. */
export type NetworkDecision =
  /** First the network's resource name is to be that of its policy; then it is decided anew. */
  | { readonly kind: "fill"; readonly resourceName: string }
  /** Its attachment is not known to be there. */
  | { readonly kind: "make"; readonly attachment: NetworkAttachmentDefinition }
  /** Its attachment is otherwise than it should be. */
  | {
      readonly kind: "correct";
      readonly attachment: NetworkAttachmentDefinition;
      readonly existing: NetworkAttachmentDefinition;
    }
  | { readonly kind: "attached"; readonly attachment: NetworkAttachmentDefinition }
  | NetworkRefusal;

/** Nothing can be done until somebody changes something; `message` says what. An attachment that it has stays. */
export interface NetworkRefusal {
  readonly kind: "refused";
  readonly reason: Exclude<NetworkReason, "Attached" | "Failed">;
  readonly message: string;
}

/** All that the decision depends on beside the network. */
export interface Surroundings {
  readonly controllerNamespace: string;
  /** What stands before resource names: `openshift.io`. */
  readonly resourcePrefix: string;
  /** The policy that the network's annotation names, where there is one. */
  readonly policy: SriovNetworkNodePolicy | undefined;
  /** The namespace that the attachment belongs in, where there is one. */
  readonly namespace: KubeObject | undefined;
  /** Whether the cluster has the kind of attachments. */
  readonly kindServed: boolean;
  /** What is at the network's place. */
  readonly existing: NetworkAttachmentDefinition | undefined;
}

/** Pure. What the network itself gets wrong is said before what is missing around it. */
export function decide(network: SriovNetwork, around: Surroundings): NetworkDecision {
  if (asksTooMuch(network, around.controllerNamespace)) return namespaceRefused(network, around);
  const problems = jsonTextProblems({ ...network.spec });
  if (problems.length > 0) return invalid(problems);
  const named = resourceNameOf(network, around);
  if (named.kind === "refused") return named;
  if (named.name !== network.spec.resourceName) return { kind: "fill", resourceName: named.name };
  return decideAttachment(network, named.name, around);
}

/** Name of the policy, in the controller's namespace, that the network's resource name follows; undefined: none. */
export function policyNameOf({ metadata }: Pick<SriovNetwork, "metadata">): string | undefined {
  return metadata.annotations?.[Annotation.policy] || undefined;
}

function decideAttachment(network: SriovNetwork, resourceName: string, around: Surroundings): NetworkDecision {
  const { controllerNamespace, resourcePrefix, existing } = around;
  const { namespace } = placeOf(network, controllerNamespace);
  const rendered = renderAttachment(network, { namespace, resourceName, resourcePrefix });
  if (rendered.kind === "invalid") return invalid(rendered.problems);
  if (!around.kindServed) return KIND_MISSING;
  if (existing !== undefined && !belongsTo(existing, network)) return foreignOwner(network, existing, around);
  const { attachment } = rendered;
  if (existing !== undefined) {
    return isAsApplied(existing, attachment)
      ? { kind: "attached", attachment }
      : { kind: "correct", attachment, existing };
  }
  return namespaceMissing(namespace, around.namespace) ?? { kind: "make", attachment };
}

type Named = { readonly kind: "name"; readonly name: string } | NetworkRefusal;

function resourceNameOf(network: SriovNetwork, { policy, controllerNamespace }: Surroundings): Named {
  const policyName = policyNameOf(network);
  if (policyName === undefined) {
    return network.spec.resourceName ? { kind: "name", name: network.spec.resourceName } : RESOURCE_NAME_MISSING;
  }
  if (policy !== undefined) return { kind: "name", name: policy.spec.resourceName };
  const message =
    `there is no SriovNetworkNodePolicy ${policyName} in ${controllerNamespace}, whose resource name the network is to have ` +
    `by its annotation ${Annotation.policy}; it is waited for. Create it, or correct the annotation.`;
  return { kind: "refused", reason: NetworkReason.PolicyMissing, message };
}

/** Has it all that would be applied, and by the controller's own hand? What others added is theirs. */
function isAsApplied(existing: NetworkAttachmentDefinition, wanted: NetworkAttachmentDefinition): boolean {
  const { annotations = {}, labels = {}, ownerReferences = [] } = existing.metadata;
  return (
    isMadeByController(existing) &&
    existing.spec?.config === wanted.spec?.config &&
    hasAll(annotations, wanted.metadata.annotations) &&
    hasAll(labels, wanted.metadata.labels) &&
    (wanted.metadata.ownerReferences ?? []).every((owner) =>
      ownerReferences.some((it) => it.uid === owner.uid && it.name === owner.name && it.kind === owner.kind),
    )
  );
}

function hasAll(existing: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(existing[key], value));
}

export const KIND_MISSING: NetworkRefusal = {
  kind: "refused",
  reason: NetworkReason.KindMissing,
  message:
    "the cluster has no kind NetworkAttachmentDefinition (k8s.cni.cncf.io/v1), which Multus brings; it is waited for. " +
    "Install Multus.",
};

const RESOURCE_NAME_MISSING: NetworkRefusal = {
  kind: "refused",
  reason: NetworkReason.ResourceNameMissing,
  message:
    `the network says neither which resource it uses nor which policy's. Set spec.resourceName, or name a ` +
    `SriovNetworkNodePolicy by the annotation ${Annotation.policy}.`,
};

function invalid(problems: readonly InputProblem[]): NetworkRefusal {
  const message = `${problems.map(({ reason }) => reason).join("; ")}. Correct the network's spec.`;
  return { kind: "refused", reason: NetworkReason.InvalidConfig, message };
}

function namespaceRefused({ metadata, spec }: SriovNetwork, { controllerNamespace }: Surroundings): NetworkRefusal {
  const message =
    `networkNamespace is ${spec.networkNamespace ?? ""}, but only networks in ${controllerNamespace}, the controller's own ` +
    `namespace, may have their attachment in another. Leave networkNamespace out, so that the attachment is made in ` +
    `${metadata.namespace ?? ""}, or make the network in ${controllerNamespace}.`;
  return { kind: "refused", reason: NetworkReason.NamespaceRefused, message };
}

function namespaceMissing(name: string, namespace: KubeObject | undefined): NetworkRefusal | undefined {
  if (namespace !== undefined && namespace.metadata.deletionTimestamp === undefined) return undefined;
  const message =
    namespace === undefined
      ? `the namespace ${name}, which the attachment belongs in, does not exist; it is waited for.`
      : `the namespace ${name}, which the attachment belongs in, is being deleted; it is waited for until it is there anew.`;
  return { kind: "refused", reason: NetworkReason.NamespaceMissing, message };
}

function foreignOwner(
  network: SriovNetwork,
  existing: NetworkAttachmentDefinition,
  { controllerNamespace }: Surroundings,
): NetworkRefusal {
  const place = placeKey(placeOf(network, controllerNamespace));
  const owner = ownerOf(existing);
  const whose = owner === undefined ? "says nothing of an owner" : `is ${owner}'s`;
  // Who made one before there was a network, or with an operator that said nothing of owners, may want to keep it.
  const handOver =
    owner === undefined ? `hand it over by the annotation ${Annotation.ownerRef}=${ownerRef(network)}, ` : "";
  const message =
    `there is a NetworkAttachmentDefinition ${place} already, which ${whose}; it is left alone. ` +
    `Delete it, ${handOver}or give the network another name.`;
  return { kind: "refused", reason: NetworkReason.ForeignOwner, message };
}
