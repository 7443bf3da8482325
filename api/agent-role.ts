import { DEVICES_GROUP, RECONCILER_NAMESPACE } from "./names.js";
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
export function agentClusterRole(): ClusterRole {
  const { apiVersion, kind } = CLUSTER_ROLE;
  return {
    apiVersion,
    kind,
    metadata: { name: AGENT_ROLE_NAME },
    rules: [
      { apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch", "patch"] },
      // Who uses VFs. The agent watches the pods of its own node alone, which RBAC cannot say.
      { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] },
      { apiGroups: ["kubevirt.io"], resources: ["virtualmachineinstances"], verbs: ["list", "watch"] },
      {
        apiGroups: [DEVICES_GROUP],
        resources: ["sriovnetworkdevices"],
        // create: an apply of an object that is not there yet.
        verbs: ["list", "watch", "create", "patch"],
      },
      {
        apiGroups: [DEVICES_GROUP],
        resources: ["pcidevices"],
        verbs: ["get", "list", "watch", "create", "patch", "delete"],
      },
      // patch: the owner and the finalizer of its claims.
      { apiGroups: [DEVICES_GROUP], resources: ["pcideviceclaims"], verbs: ["list", "watch", "patch"] },
      { apiGroups: ["network.harvesterhci.io"], resources: ["vlanconfigs"], verbs: ["list", "watch"] },
      {
        apiGroups: [DEVICES_GROUP],
        resources: ["sriovnetworkdevices/status", "pcidevices/status", "pcideviceclaims/status"],
        verbs: ["patch"],
      },
      // patch: the same event again raises the count of the first.
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
    ],
  };
}
