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

export const AGENT_ROLE_NAME = "pulumi-sriov-agent";

/** What a node's agent must be allowed to do, and no more. */
export function agentClusterRole(): ClusterRole {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: AGENT_ROLE_NAME },
    rules: [
      { apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch", "patch"] },
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
    ],
  };
}
