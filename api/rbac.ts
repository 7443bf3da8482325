import type { KubeObject, ResourceType } from "./object.js";

/** The parts of Kubernetes' role-based access control that this project reads or writes. */

/** One line of a role. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Default: objects of any name. */
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** One line of a role about paths of the API server that are no resource's. */
export interface PathRule {
  readonly nonResourceURLs: readonly string[];
  readonly verbs: readonly string[];
}

export interface ClusterRole<Rule extends PolicyRule | PathRule = PolicyRule> extends KubeObject {
  readonly rules: readonly Rule[];
}

/** What a ClusterRole is, in one namespace. */
export type Role = ClusterRole;

export interface ClusterRoleBinding extends KubeObject {
  readonly roleRef: { readonly apiGroup: string; readonly kind: "ClusterRole" | "Role"; readonly name: string };
  readonly subjects: readonly (ServiceAccountName & { readonly kind: "ServiceAccount" })[];
}

/** Gives a Role, or what a ClusterRole allows, in one namespace. */
export type RoleBinding = ClusterRoleBinding;

export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

export const RBAC_GROUP = "rbac.authorization.k8s.io";

const RBAC = { apiVersion: `${RBAC_GROUP}/v1` } as const;

export const CLUSTER_ROLE: ResourceType<ClusterRole> = {
  ...RBAC,
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
};

export const CLUSTER_ROLE_BINDING: ResourceType<ClusterRoleBinding> = {
  ...RBAC,
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  namespaced: false,
};

export const ROLE: ResourceType<Role> = { ...RBAC, kind: "Role", plural: "roles", namespaced: true };

export const ROLE_BINDING: ResourceType<RoleBinding> = {
  ...RBAC,
  kind: "RoleBinding",
  plural: "rolebindings",
  namespaced: true,
};

/** Gives a service account the cluster role; the binding has the role's name. */
export function clusterRoleBinding(role: string, account: ServiceAccountName): ClusterRoleBinding {
  const { apiVersion, kind } = CLUSTER_ROLE_BINDING;
  return {
    apiVersion,
    kind,
    metadata: { name: role },
    roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", ...account }],
  };
}

/** Gives a service account a role of its own namespace; the binding has the role's name. */
export function roleBinding(role: string, account: ServiceAccountName): RoleBinding {
  const { apiVersion, kind } = ROLE_BINDING;
  return {
    apiVersion,
    kind,
    metadata: { name: role, namespace: account.namespace },
    roleRef: { apiGroup: RBAC_GROUP, kind: "Role", name: role },
    subjects: [{ kind: "ServiceAccount", ...account }],
  };
}
