import type { Administrator } from "./administrator.js";

export interface TokenRequest {
  readonly namespace: string;
  /** Of the service account. */
  readonly name: string;
  /** The token names this node, as that of a pod there would, and ends with it. The Node must exist. */
  readonly boundNode?: string;
  /** The token is that of this pod in the same namespace, and names the pod's node, there or not. The pod must exist. */
  readonly boundPod?: string;
  /** How long the token is good; default 3600, at least 600 (the API server's rule). */
  readonly expirationSeconds?: number;
}

/**
 * A token from the API server for a service account, which is created, with its namespace, where it is missing.
 *
 * @throws Error with the API server's answer where it refuses.
 */
export async function requestToken(administrator: Administrator, request: TokenRequest): Promise<string> {
  const { namespace, name, boundNode, boundPod, expirationSeconds = 3600 } = request;
  const make = (path: string, body: object) => create(administrator, path, body);
  await make("/api/v1/namespaces", { metadata: { name: namespace } });
  await make(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
  const { status } = (await make(`/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
    spec: {
      expirationSeconds,
      ...(boundNode !== undefined && { boundObjectRef: { apiVersion: "v1", kind: "Node", name: boundNode } }),
      ...(boundPod !== undefined && { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: boundPod } }),
    },
  })) as { readonly status: { readonly token: string } };
  return status.token;
}

/** What was created; what the API server says instead where it is there already. */
async function create(administrator: Administrator, path: string, body: object): Promise<unknown> {
  const { status, text } = await administrator.ask("POST", path, body);
  if (status !== 201 && status !== 409) throw new Error(`POST ${path} was answered with status ${status}: ${text}`);
  return JSON.parse(text);
}
