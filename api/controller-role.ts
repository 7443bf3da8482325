import { DEVICES_GROUP, DISRUPT, RECONCILER_NAMESPACE, SRIOV_NETWORK_GROUP } from "./names.js";
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
export function controllerClusterRole(): ClusterRole {
  const { apiVersion, kind } = CLUSTER_ROLE;
  const policiesAndNetworks = ["sriovnetworknodepolicies", "sriovnetworks"];
  return {
    apiVersion,
    kind,
    metadata: { name: CONTROLLER_ROLE_NAME },
    rules: [
      { apiGroups: [""], resources: ["nodes", "namespaces"], verbs: ["list", "watch"] },
      {
        apiGroups: [DEVICES_GROUP],
        resources: ["sriovnetworkdevices"],
        // disrupt: who may set the annotation on a policy has the verb, and the controller passes it on to the devices.
        verbs: ["list", "watch", "patch", DISRUPT],
      },
      // list: the one of a claim, by its name.
      { apiGroups: [DEVICES_GROUP], resources: ["pcidevices"], verbs: ["list"] },
      // patch: the finalizer of claims whose node is gone.
      { apiGroups: [DEVICES_GROUP], resources: ["pcideviceclaims"], verbs: ["list", "watch", "patch"] },
      // patch: the list of devices that machines may ask for, of which the guard lets it change no more.
      { apiGroups: ["kubevirt.io"], resources: ["kubevirts"], verbs: ["get", "list", "watch", "patch"] },
      // patch: a permission that was used is taken away, a network's resource name follows its policy.
      { apiGroups: [SRIOV_NETWORK_GROUP], resources: policiesAndNetworks, verbs: ["list", "watch", "patch"] },
      {
        apiGroups: [SRIOV_NETWORK_GROUP],
        resources: policiesAndNetworks.map((resource) => `${resource}/status`),
        verbs: ["patch"],
      },
      {
        apiGroups: ["k8s.cni.cncf.io"],
        resources: ["network-attachment-definitions"],
        verbs: ["get", "list", "watch", "create", "patch", "delete"],
      },
      // patch: the same event again raises the count of the first.
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
    ],
  };
}

/** What it must be allowed to do in its own namespace: hold the Lease that tells which of several controllers works. */
export function controllerRole({ namespace }: ServiceAccountName = CONTROLLER_ACCOUNT): Role {
  const { apiVersion, kind } = ROLE;
  return {
    apiVersion,
    kind,
    metadata: { name: CONTROLLER_ROLE_NAME, namespace },
    rules: [
      // list and watch: whoever stands by hears at once that the lease was given back, and asks for nothing until then.
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "list", "watch", "create", "patch"] },
    ],
  };
}

export function controllerClusterRoleBinding(account: ServiceAccountName = CONTROLLER_ACCOUNT): ClusterRoleBinding {
  return clusterRoleBinding(CONTROLLER_ROLE_NAME, account);
}

export function controllerRoleBinding(account: ServiceAccountName = CONTROLLER_ACCOUNT): RoleBinding {
  return roleBinding(CONTROLLER_ROLE_NAME, account);
}
