import type { Credentials } from "./certificate-authority.js";

export interface KubeconfigContent {
  readonly server: string;
  readonly caPem: string;
  readonly user: string;
  readonly credentials: Credentials | { readonly token: string };
}

/** A kubeconfig with one context, `lab`, as JSON, which is YAML as well. */
export function renderKubeconfig({ server, caPem, user, credentials }: KubeconfigContent): string {
  const name = "lab";
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server, "certificate-authority-data": base64(caPem) } }],
      users: [{ name: user, user: userEntry(credentials) }],
      contexts: [{ name, context: { cluster: name, user } }],
      "current-context": name,
    },
    undefined,
    2,
  );
}

function userEntry(credentials: KubeconfigContent["credentials"]): Record<string, string> {
  if ("token" in credentials) return { token: credentials.token };
  const { certificatePem, keyPem } = credentials;
  return { "client-certificate-data": base64(certificatePem), "client-key-data": base64(keyPem) };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
