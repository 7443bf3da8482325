import { RECONCILER_NAMESPACE } from "./names.js";
import { CONTROLLER_PERMISSIONS, type Feature, rulesOf } from "./permissions.js";
import {
  CLUSTER_ROLE,
  type ClusterRole,
  type ClusterRoleBinding,
  clusterRoleBinding,
  ROLE,
  type Role,
  type RoleBinding,
  roleBinding,
  type ServiceAccountName,
} from "./rbac.js";

/** What the controller runs as. */
export const CONTROLLER_ACCOUNT: ServiceAccountName = {
  namespace: RECONCILER_NAMESPACE,
  name: "pulumi-sriov-controller",
};

export const CONTROLLER_ROLE_NAME = "pulumi-sriov-controller";

/** What the controller must be allowed to do in the whole cluster, and no more. */
export function controllerClusterRole(features: readonly Feature[] = []): ClusterRole {
  const { apiVersion, kind } = CLUSTER_ROLE;
  const rules = rulesOf(CONTROLLER_PERMISSIONS, "cluster", features);
  return { apiVersion, kind, metadata: { name: CONTROLLER_ROLE_NAME }, rules };
}

/** What it must be allowed to do in its own namespace: hold the Lease that tells which of several controllers works. */
export function controllerRole({ namespace }: ServiceAccountName = CONTROLLER_ACCOUNT): Role {
  const { apiVersion, kind } = ROLE;
  const rules = rulesOf(CONTROLLER_PERMISSIONS, "namespace");
  return { apiVersion, kind, metadata: { name: CONTROLLER_ROLE_NAME, namespace }, rules };
}

export function controllerClusterRoleBinding(account: ServiceAccountName = CONTROLLER_ACCOUNT): ClusterRoleBinding {
  return clusterRoleBinding(CONTROLLER_ROLE_NAME, account);
}

export function controllerRoleBinding(account: ServiceAccountName = CONTROLLER_ACCOUNT): RoleBinding {
  return roleBinding(CONTROLLER_ROLE_NAME, account);
}
