import type { ServiceAccountName } from "../rbac.js";
import type { NamedExpression } from "../admission-policies.js";
import { Annotation } from "../names.js";

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

/** The VF count that is asked for, before and after the request; 0 where there is none. */
export const counts: readonly NamedExpression[] = [
  { name: "oldCount", expression: countOf("oldObject") },
  { name: "count", expression: countOf("object") },
];

/** The annotation that allows a disruption, before and after the request; empty where there is none. */
export const permissions: readonly NamedExpression[] = [
  { name: "oldAllowed", expression: permissionOf("oldObject") },
  { name: "allowed", expression: permissionOf("object") },
];

function countOf(object: string): string {
  return `${object} != null && has(${object}.spec.numVFS) ? ${object}.spec.numVFS : 0`;
}

function permissionOf(object: string): string {
  const key = literal(Annotation.allowDisruption);
  const annotations = `${object}.metadata.annotations`;
  return `${object} != null && has(${annotations}) && ${key} in ${annotations} ? ${annotations}[${key}] : ""`;
}

/** Is the PCIDevice of this name one of the claimed node? Its name is the node's, a dash, and the address in hex digits. */
export function isPciDeviceOfClaimedNode(name: string): string {
  const prefix = `variables.claimedNode + "-"`;
  return (
    `variables.claimedNode != "" && ${name}.startsWith(${prefix}) && ` +
    `${name}.substring(size(variables.claimedNode) + 1).matches("^[0-9a-f]{9,13}$")`
  );
}
