import type { KubeObject } from "./object.js";
import { DEVICES_GROUP } from "./names.js";

/** One line of a ClusterRole. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export interface ClusterRole extends KubeObject {
  readonly rules: readonly PolicyRule[];
}

export interface ClusterRoleBinding extends KubeObject {
  readonly roleRef: { readonly apiGroup: string; readonly kind: "ClusterRole"; readonly name: string };
  readonly subjects: readonly (ServiceAccountName & { readonly kind: "ServiceAccount" })[];
}

export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

/** What all agents run as. Which node one is on, its token tells: a pod's, and any that is bound to a Node. */
export const AGENT_ACCOUNT: ServiceAccountName = { namespace: "pulumi-sriov", name: "pulumi-sriov-agent" };

export const AGENT_ROLE_NAME = "pulumi-sriov-agent";

const RBAC = "rbac.authorization.k8s.io";

/** Gives the agents' service account their role. */
export function agentClusterRoleBinding(account: ServiceAccountName = AGENT_ACCOUNT): ClusterRoleBinding {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: AGENT_ROLE_NAME },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: AGENT_ROLE_NAME },
    subjects: [{ kind: "ServiceAccount", ...account }],
  };
}

/** What a node's agent must be allowed to do, and no more; the admission policies keep it to its node. */
export function agentClusterRole(): ClusterRole {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRole",
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
      { apiGroups: [DEVICES_GROUP], resources: ["pcideviceclaims"], verbs: ["list", "watch"] },
      { apiGroups: ["network.harvesterhci.io"], resources: ["vlanconfigs"], verbs: ["list", "watch"] },
      { apiGroups: [DEVICES_GROUP], resources: ["sriovnetworkdevices/status", "pcidevices/status"], verbs: ["patch"] },
      // patch: the same event again raises the count of the first.
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
    ],
  };
}
