import { RECONCILER_NAMESPACE } from "./names.js";
import { AGENT_PERMISSIONS, type Feature, rulesOf } from "./permissions.js";
import {
  CLUSTER_ROLE,
  type ClusterRole,
  type ClusterRoleBinding,
  clusterRoleBinding,
  type ServiceAccountName,
} from "./rbac.js";

/** What all agents run as. Which node one is on, its token tells: a pod's, and any that is bound to a Node. */
export const AGENT_ACCOUNT: ServiceAccountName = { namespace: RECONCILER_NAMESPACE, name: "pulumi-sriov-agent" };

export const AGENT_ROLE_NAME = "pulumi-sriov-agent";

/** Gives the agents' service account their role. */
export function agentClusterRoleBinding(account: ServiceAccountName = AGENT_ACCOUNT): ClusterRoleBinding {
  return clusterRoleBinding(AGENT_ROLE_NAME, account);
}

/** What a node's agent must be allowed to do, and no more; the admission policies keep it to its node. */
export function agentClusterRole(features: readonly Feature[] = []): ClusterRole {
  const { apiVersion, kind } = CLUSTER_ROLE;
  const rules = rulesOf(AGENT_PERMISSIONS, "cluster", features);
  return { apiVersion, kind, metadata: { name: AGENT_ROLE_NAME }, rules };
}
