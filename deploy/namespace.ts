import { NAMESPACE } from "../api/core.js";
import type { KubeObject } from "../api/object.js";
import type { ServiceAccountName } from "../api/rbac.js";
import type { ServiceAccount } from "./kinds.js";

/** Where the reconciler runs, and where policies and networks are. */
export function reconcilerNamespace(name: string): KubeObject {
  const { apiVersion, kind } = NAMESPACE;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      labels: {
        // For the agents: a cluster may ask more of namespaces that say nothing. docs/installation.md has what they need of it.
        "pod-security.kubernetes.io/enforce": "privileged",
        "pod-security.kubernetes.io/audit": "privileged",
        "pod-security.kubernetes.io/warn": "privileged",
      },
    },
  };
}

export function serviceAccount(metadata: ServiceAccountName): ServiceAccount {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false };
}
