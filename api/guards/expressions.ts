import type { ServiceAccountName } from "../rbac.js";
import type { NamedExpression } from "../admission-policies.js";
import { Annotation, DEVICES_GROUP, DISRUPT } from "../names.js";

/** Parts of CEL expressions that several policies have. */

/** A CEL literal of a text, or of a list of texts. */
export function literal(value: string | readonly string[]): string {
  return JSON.stringify(value);
}

/** True where the request comes from the agents' service account. */
export function isAgent({ namespace, name }: ServiceAccountName): string {
  return `request.userInfo.username == ${literal(`system:serviceaccount:${namespace}:${name}`)}`;
}

const NODE_CLAIM = literal("authentication.kubernetes.io/node-name");

/** The node that the author's token is bound to, as a pod's is; empty where it is bound to none. */
export const claimedNode: NamedExpression = {
  name: "claimedNode",
  expression:
    `has(request.userInfo.extra) && ${NODE_CLAIM} in request.userInfo.extra && ` +
    `size(request.userInfo.extra[${NODE_CLAIM}]) > 0 ? request.userInfo.extra[${NODE_CLAIM}][0] : ""`,
};

/** `user "…", whose token is bound to node "…"`, a CEL expression of the request's author. */
export const author: NamedExpression = {
  name: "author",
  expression:
    `"user \\"" + request.userInfo.username + "\\", whose credentials are bound to " + ` +
    `(variables.claimedNode == "" ? "no node" : "node \\"" + variables.claimedNode + "\\"")`,
};

/** What a DELETE removes, and what anything else leaves. */
export const subject: NamedExpression = { name: "subject", expression: "object != null ? object : oldObject" };

/** The VF count that is asked for in this field of spec, before and after the request; 0 where there is none. */
export function countsOf(field: "numVFS" | "numVfs"): NamedExpression[] {
  const of = (object: string): string =>
    `${object} != null && has(${object}.spec.${field}) ? ${object}.spec.${field} : 0`;
  return [
    { name: "oldCount", expression: of("oldObject") },
    { name: "count", expression: of("object") },
  ];
}

/** The annotation that allows a disruption, before and after the request; empty where there is none. */
export const permissions: readonly NamedExpression[] = [
  { name: "oldAllowed", expression: annotationOf("oldObject", Annotation.allowDisruption) },
  { name: "allowed", expression: annotationOf("object", Annotation.allowDisruption) },
];

/** Does this request give the permission, of {@link permissions}? To take it away is always allowed. */
export const isPermissionSet = `(variables.allowed != "" && variables.allowed != variables.oldAllowed)`;

/** An annotation's text; empty where there is none. `object`: or `oldObject`, either of which may be null. */
export function annotationOf(object: string, annotation: string): string {
  return `${hasAnnotation(object, annotation)} ? ${object}.metadata.annotations[${literal(annotation)}] : ""`;
}

export function hasAnnotation(object: string, annotation: string): string {
  const annotations = `${object}.metadata.annotations`;
  // A server-side apply that takes the last one away leaves null in their place, and nothing can be "in" that.
  return `${object} != null && has(${annotations}) && dyn(${annotations}) != null && ${literal(annotation)} in ${annotations}`;
}

/** Says who lacks the verb, and for which object; `what` and `name` are CEL expressions. */
export function missingVerb(what: string, name: string): string {
  return (
    `"user \\"" + request.userInfo.username + "\\" " + ${what} + ${name} + ` +
    `": that needs the verb ${DISRUPT} on sriovnetworkdevices.${DEVICES_GROUP}"`
  );
}

/** Is the PCIDevice of this name one of the claimed node? Its name is the node's, a dash, and the address in hex digits. */
export function isPciDeviceOfClaimedNode(name: string): string {
  const prefix = `variables.claimedNode + "-"`;
  return (
    `variables.claimedNode != "" && ${name}.startsWith(${prefix}) && ` +
    `${name}.substring(size(variables.claimedNode) + 1).matches("^[0-9a-f]{9,13}$")`
  );
}
