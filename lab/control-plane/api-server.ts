import { generateKeyPairSync } from "node:crypto";
import type { Administrator } from "./administrator.js";
import type { CertificateAuthority } from "./certificate-authority.js";
import { etcdEndpoint } from "./etcd.js";

/** QEMU's user-mode network gives the host this address. */
const hostOfGuests = "10.0.2.2";

/** The names under which clients reach the API server: on this machine, from a QEMU guest, from a pod. */
const serverNames = ["localhost", "127.0.0.1", hostOfGuests, "kubernetes.default.svc", "10.96.0.1"];

/** Names of the files, in the control plane's directory, that others use as well. */
export const authorityFile = "ca.crt";
export const serviceAccountKeyFile = "service-account.key";

/** What the API server needs in its working directory: file name to content. */
export async function apiServerFiles(authority: CertificateAuthority): Promise<Record<string, string>> {
  const serving = await authority.issueServer(serverNames);
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    [authorityFile]: authority.certificatePem,
    "apiserver.crt": serving.certificatePem,
    "apiserver.key": serving.keyPem,
    [serviceAccountKeyFile]: privateKey.export({ type: "sec1", format: "pem" }).toString(),
    "service-account.pub": publicKey.export({ type: "spki", format: "pem" }).toString(),
    "audit-policy.json": JSON.stringify({
      apiVersion: "audit.k8s.io/v1",
      kind: "Policy",
      omitStages: ["RequestReceived"],
      rules: [{ level: "Metadata" }],
    }),
  };
}

/** Paths are relative to the working directory. */
export function apiServerArguments({ port, audit }: { readonly port: number; readonly audit: boolean }): string[] {
  return [
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    // What pods are told is the address of the service `kubernetes`; loopback isn't allowed there.
    `--advertise-address=${hostOfGuests}`,
    `--etcd-servers=${etcdEndpoint}`,
    "--service-cluster-ip-range=10.96.0.0/16",
    `--client-ca-file=${authorityFile}`,
    "--tls-cert-file=apiserver.crt",
    "--tls-private-key-file=apiserver.key",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    "--service-account-key-file=service-account.pub",
    `--service-account-signing-key-file=${serviceAccountKeyFile}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    "--profiling=false",
    ...(audit ? ["--audit-policy-file=audit-policy.json", "--audit-log-path=../logs/audit.log"] : []),
  ];
}

/** Whether an administrator gets answers and the namespaces are there that every cluster has. */
export async function isServing(administrator: Administrator): Promise<boolean> {
  const paths = ["/readyz", "/api/v1/namespaces/default", "/api/v1/namespaces/kube-system"];
  try {
    for (const path of paths) if ((await administrator.ask("GET", path)).status !== 200) return false;
    return true;
  } catch {
    return false;
  }
}
