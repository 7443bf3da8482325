import type { CompletedRequest } from "../../kube/transport.js";

/** What a request asks of the API server, in the words of its own roles and audit log. */
export interface RequestKind {
  /** `get`, `list`, `watch`, `create`, `update`, `patch` or `delete`. */
  readonly verb: string;
  /** Plural of the kind, with subresource: `sriovnetworkdevices/status`. The path itself where it is no resource's. */
  readonly resource: string;
}

export function describeRequest({ method, path }: Pick<CompletedRequest, "method" | "path">): RequestKind {
  const [place = "", query = ""] = path.split("?");
  const match = RESOURCE_PATH.exec(place);
  if (match === null) return { verb: method.toLowerCase(), resource: place };
  const { resource = "", name, subresource } = match.groups ?? {};
  return {
    verb: verbOf(method, name !== undefined, new URLSearchParams(query).get("watch") === "true"),
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
  };
}

/** `/api/v1/…` and `/apis/GROUP/VERSION/…`, with or without a namespace. */
const RESOURCE_PATH =
  /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)(?:\/namespaces\/[^/]+(?=\/))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<subresource>[^/]+))?)?$/;

function verbOf(method: CompletedRequest["method"], named: boolean, watch: boolean): string {
  switch (method) {
    case "GET":
      return named ? "get" : watch ? "watch" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return "delete";
  }
}
