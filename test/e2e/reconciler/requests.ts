import { type Permission } from "../../../api/permissions.js";
import type { ServiceAccountName } from "../../../api/rbac.js";
import type { Lab } from "../../../lab/lab.js";
import { auditEvents } from "../../audit-log.js";

/** A request for an object, or for objects, as the API server has written it down when it had answered, or began to. */
export interface AskedFor {
  readonly verb: string;
  readonly group: string;
  /** With subresource. */
  readonly resource: string;
  /** Absent: of a kind without namespaces, or in all of them. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** The status that it was answered with. */
  readonly code: number;
}

/** What a service account has asked of the lab's API server so far, kinds that it serves left out, which anybody may ask for. */
export function requestsOf(lab: Lab, { namespace, name }: ServiceAccountName): AskedFor[] {
  const username = `system:serviceaccount:${namespace}:${name}`;
  return auditEvents(lab)
    .filter(({ user }) => user.username === username)
    .flatMap(({ verb, objectRef, responseStatus }) =>
      objectRef === undefined ? [] : [{ ...askedFor(verb, objectRef), code: responseStatus?.code ?? 0 }],
    );
}

function askedFor(verb: string, of: NonNullable<ReturnType<typeof auditEvents>[number]["objectRef"]>) {
  const { apiGroup = "", resource = "", subresource, namespace, name } = of;
  return { verb, group: apiGroup, resource: [resource, subresource].filter(Boolean).join("/"), namespace, name };
}

/**
 * The rights that these requests took, one a line, as {@link grantedBy} has them. What was asked for in the reconciler's own
 * namespace alone takes a right there alone.
 */
export function takenBy(requests: readonly AskedFor[], ownNamespace: string): string[] {
  const rights = requests.flatMap((request) => {
    const { verb, code } = request;
    // An apply that makes an object is a patch that takes the right to create, too.
    return (verb === "patch" && code === 201 ? ["patch", "create"] : [verb]).map((each) => ({
      ...request,
      verb: each,
    }));
  });
  const byRight = Map.groupBy(rights, ({ verb, group, resource }) => line(verb, group, resource));
  return [...byRight]
    .map(
      ([right, asked]) =>
        `${right} ${asked.every(({ namespace }) => namespace === ownNamespace) ? "in its namespace" : "in the cluster"}`,
    )
    .sort();
}

/** The rights in the table, one a line; those that are no verbs of requests left out. */
export function grantedBy(permissions: readonly Permission[]): string[] {
  return permissions
    .flatMap(({ group, resource, verbs, scope = "cluster" }) =>
      verbs
        .filter((verb) => REQUESTS.has(verb))
        .map((verb) => `${line(verb, group, resource)} ${scope === "cluster" ? "in the cluster" : "in its namespace"}`),
    )
    .sort();
}

/** The others are asked for by guards, in the author's name. */
const REQUESTS = new Set(["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]);

function line(verb: string, group: string, resource: string): string {
  return `${verb} ${resource}${group === "" ? "" : `.${group}`}`;
}
