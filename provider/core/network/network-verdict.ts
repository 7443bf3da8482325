import { Annotation, CONTROLLER_FIELD_MANAGER } from "../../../api/names.js";
import type { NetworkAttachmentDefinition } from "../../../api/network-attachment-definition.js";
import type { Condition } from "../../../api/object.js";
import { NetworkReason, type SriovNetwork } from "../../../api/sriov-network.js";
import type { Verdict } from "../../../kube/wait.js";
import { ownerRef } from "../../../plan/networks/render-attachment.js";
import { quoteAll } from "../field-manager.js";
import { disagreements } from "./attachment-agreement.js";

/** Is a network as it was asked to be? Pure functions of the network and its attachment. */

/** The network is not there any more, or another one has its name. */
export class NetworkVanished extends Error {
  override readonly name = "NetworkVanished";
}

/** What is known of a network and its attachment, at one moment. */
export interface Sight {
  readonly network: SriovNetwork | undefined;
  readonly attachment: NetworkAttachmentDefinition | undefined;
}

/** What the controller says of the network. `applied` is the object as the change left it. */
export function networkVerdict(network: SriovNetwork | undefined, applied: SriovNetwork): Verdict<SriovNetwork> {
  const same = sameVerdict(network, applied);
  if (same.state !== "satisfied") return same;
  const ready = currentReady(same.result);
  if (ready === undefined) return pending("waiting for the controller");
  if (ready.status === "True") return same;
  // What the program itself must put right will not come by waiting.
  if (FINAL.has(ready.reason)) return { state: "failed", error: new Error(`${keyOf(applied)}: ${ready.message}`) };
  return pending(`${ready.reason}: ${ready.message}`);
}

/** Whether the controller is through with the network, and the attachment carries its resource name. */
export function attachedVerdict({ network, attachment }: Sight, applied: SriovNetwork): Verdict<SriovNetwork> {
  const answered = networkVerdict(network, applied);
  return answered.state === "satisfied" ? carriedVerdict(attachment, answered.result) : answered;
}

/**
 * The same where the sriov-network-operator makes attachments. Its older releases say nothing in a network's status: there
 * the attachment itself tells, whose configuration is to agree with the network's.
 */
export function operatorVerdict({ network, attachment }: Sight, applied: SriovNetwork): Verdict<SriovNetwork> {
  const same = sameVerdict(network, applied);
  if (same.state !== "satisfied") return same;
  const ready = currentReady(same.result);
  if (ready?.status === "False") return pending(`the operator says ${ready.reason}: ${ready.message}`);
  const carried = carriedVerdict(attachment, same.result);
  if (carried.state !== "satisfied" || attachment === undefined || ready?.status === "True") return carried;
  const properties = disagreements(attachment, same.result);
  if (properties.length === 0) return carried;
  const key = `NetworkAttachmentDefinition ${keyOf(attachment)}`;
  return pending(`the operator has not changed ${properties.join(", ")} of ${key} yet`);
}

/** The network's condition Ready, where it speaks of the network as it is now. */
export function currentReady({ metadata, status }: SriovNetwork): Condition | undefined {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const observed = ready?.observedGeneration ?? status?.observedGeneration ?? 0;
  return observed >= (metadata.generation ?? 0) ? ready : undefined;
}

/** Has the controller said anything of the network as it is now? */
export function isAnswered(network: SriovNetwork | undefined): boolean {
  return network !== undefined && currentReady(network) !== undefined;
}

/** Does the attachment say that it was made for the network? */
export function isAttachmentOf(attachment: NetworkAttachmentDefinition, network: Named): boolean {
  return attachment.metadata.annotations?.[Annotation.ownerRef] === ownerRef({ metadata: network.metadata, spec: {} });
}

/** `belongs to SriovNetwork.sriovnetwork.openshift.io/web/storage`, or that it has no owner. */
export function foreignOwner({ metadata }: NetworkAttachmentDefinition): string {
  const owner = metadata.annotations?.[Annotation.ownerRef];
  if (owner !== undefined) return `belongs to ${owner}`;
  const managers = [...new Set((metadata.managedFields ?? []).map(({ manager = "unknown" }) => manager))];
  const made = managers.length === 0 ? "" : ` (written by ${quoteAll(managers)})`;
  return `was made by somebody else${made}`;
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const FINAL: ReadonlySet<string> = new Set([
  NetworkReason.NamespaceRefused,
  NetworkReason.ForeignOwner,
  NetworkReason.InvalidConfig,
  NetworkReason.ResourceNameMissing,
]);

/** That the network is there, and has the resource name that was applied. */
function sameVerdict(network: SriovNetwork | undefined, applied: SriovNetwork): Verdict<SriovNetwork> {
  const key = keyOf(applied);
  if (network === undefined || network.metadata.uid !== applied.metadata.uid) {
    const error = new NetworkVanished(`${key} was deleted while it was waited for. Run up again.`);
    return { state: "failed", error };
  }
  const wanted = applied.spec.resourceName ?? "";
  const { resourceName = "" } = network.spec;
  if (resourceName === wanted) return { state: "satisfied", result: network };
  const owners = (network.metadata.managedFields ?? [])
    .filter(({ fieldsV1 }) => fieldsV1?.["f:spec"]?.["f:resourceName"] !== undefined)
    .map(({ manager = "unknown" }) => manager);
  const what = `its resource name was changed to "${resourceName}" by ${quoteAll(owners)} while "${wanted}" was waited for`;
  // The controller may not have heard yet that the policy has another name now.
  if (owners.includes(CONTROLLER_FIELD_MANAGER)) return pending(what);
  return { state: "failed", error: new Error(`${key}: ${what}`) };
}

/** That the network's own attachment carries its resource name. */
function carriedVerdict(
  attachment: NetworkAttachmentDefinition | undefined,
  network: SriovNetwork,
): Verdict<SriovNetwork> {
  if (attachment === undefined) return pending("the NetworkAttachmentDefinition is not there yet");
  const key = `NetworkAttachmentDefinition ${keyOf(attachment)}`;
  if (!isAttachmentOf(attachment, network)) return pending(`${key} ${foreignOwner(attachment)}`);
  const { resourceName = "" } = network.spec;
  const carried = attachment.metadata.annotations?.[Annotation.resourceName] ?? "";
  if (carried.split("/").at(-1) === resourceName) return { state: "satisfied", result: network };
  return pending(`${key} still has the resource name "${carried}", not ".../${resourceName}"`);
}

function keyOf({ metadata }: Named): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function pending(what: string): Verdict<never> {
  return { state: "pending", what };
}
