import type { ServiceAccountName } from "../rbac.js";
import type { NamedExpression, Validation } from "../admission-policies.js";
import { Annotation, DEVICES_GROUP, DISRUPT } from "../names.js";

/** Parts of CEL expressions that several policies have. */

/** A CEL literal of a text, or of a list of texts. */
export function literal(value: string | readonly string[]): string {
  return JSON.stringify(value);
}

/** True where the request comes from this service account. */
export function isAccount({ namespace, name }: ServiceAccountName): string {
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
  return hasKey(object, "annotations", annotation);
}

/** A label's value; empty where there is none. `object`: or `oldObject`, either of which may be null. */
export function labelOf(object: string, label: string): string {
  return `${hasKey(object, "labels", label)} ? ${object}.metadata.labels[${literal(label)}] : ""`;
}

function hasKey(object: string, map: "labels" | "annotations", key: string): string {
  const entries = `${object}.metadata.${map}`;
  // A server-side apply that takes the last one away leaves null in their place, and nothing can be "in" that.
  return `${object} != null && has(${entries}) && dyn(${entries}) != null && ${literal(key)} in ${entries}`;
}

/** Says who lacks the verb, and for which object; `what` and `name` are CEL expressions. */
export function missingVerb(what: string, name: string, resource: Disruptable = "sriovnetworkdevices"): string {
  return (
    `"user \\"" + request.userInfo.username + "\\" " + ${what} + ${name} + ` +
    `": that needs the verb ${DISRUPT} on ${resource}.${DEVICES_GROUP}"`
  );
}

/** Does the author hold the verb for this object, whose name is a CEL expression? */
export function mayDisrupt(resource: Disruptable, name: string): NamedExpression {
  return {
    name: "mayDisrupt",
    expression:
      `authorizer.group(${literal(DEVICES_GROUP)}).resource(${literal(resource)})` +
      `.name(${name}).check(${literal(DISRUPT)}).allowed()`,
  };
}

/** The kinds whose objects can stand for something in use. */
type Disruptable = "sriovnetworkdevices" | "pcideviceclaims";

/**
 * The objects of a Node that is gone go with it, whatever was in use there: nothing is left to protect. So no delete of
 * the garbage collector's is a guard's business.
 */
export const notTheGarbageCollector: NamedExpression = {
  name: "not-the-garbage-collector",
  expression:
    `!(request.operation == "DELETE" && request.userInfo.username in ` +
    // With service accounts of its own for each controller, as clusters have it; and without.
    `${literal(["system:serviceaccount:kube-system:generic-garbage-collector", "system:kube-controller-manager"])})`,
};

/** Is this part of the object as it was? For requests that change an object. */
export function isSame(path: string): string {
  return `has(object.${path}) == has(oldObject.${path}) && (!has(object.${path}) || object.${path} == oldObject.${path})`;
}

/** Is this list as it was, but for those of its items, `it` in CEL, of which `ours` is true? */
export function isSameBut(path: string, ours: string): string {
  const others = (object: string): string => `(has(${object}.${path}) ? ${object}.${path}.filter(it, !(${ours})) : [])`;
  return `${others("object")} == ${others("oldObject")}`;
}

/** A map of the object before and after the request, and whether the request leaves all but `ours` of it alone. */
export function keyed(map: "labels" | "annotations", ours: readonly string[]): NamedExpression[] {
  const of = (object: string): string =>
    `${object} != null && has(${object}.metadata.${map}) ? ${object}.metadata.${map} : {}`;
  const [before, after] = [`variables.${map}Before`, `variables.${map}After`];
  const isOurs = `k in ${literal(ours)}`;
  return [
    { name: `${map}Before`, expression: of("oldObject") },
    { name: `${map}After`, expression: of("object") },
    {
      name: `${map}OfOthersKept`,
      expression:
        `${after}.all(k, ${isOurs} || (k in ${before} && ${before}[k] == ${after}[k])) && ` +
        `${before}.all(k, ${isOurs} || k in ${after})`,
    },
  ];
}

export function forbidden(expression: string, message: string, messageExpression: string): Validation {
  return { expression, reason: "Forbidden", message, messageExpression };
}

/** Is the PCIDevice of this name one of the claimed node? Its name is the node's, a dash, and the address in hex digits. */
export function isPciDeviceOfClaimedNode(name: string): string {
  const prefix = `variables.claimedNode + "-"`;
  return (
    `variables.claimedNode != "" && ${name}.startsWith(${prefix}) && ` +
    `${name}.substring(size(variables.claimedNode) + 1).matches("^[0-9a-f]{9,13}$")`
  );
}
