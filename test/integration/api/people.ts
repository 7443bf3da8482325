import { AGENT_ACCOUNT, type PolicyRule } from "../../../api/agent-role.js";
import { DEVICES_GROUP } from "../../../api/names.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";

const RBAC = { apiVersion: "rbac.authorization.k8s.io/v1", namespaced: false } as const;
const CLUSTER_ROLE: ResourceType<KubeObject> = { ...RBAC, kind: "ClusterRole", plural: "clusterroles" };
const CLUSTER_ROLE_BINDING: ResourceType<KubeObject> = {
  ...RBAC,
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
};

/** Lets agents, by a mistake of somebody's, disrupt these devices. */
export async function letAgentsDisrupt(lab: Lab, resourceNames: readonly string[]): Promise<void> {
  const rules = [{ apiGroups: [DEVICES_GROUP], resources: ["sriovnetworkdevices"], resourceNames, verbs: ["disrupt"] }];
  await grant(lab, "disrupting-agents", rules, { kind: "ServiceAccount", ...AGENT_ACCOUNT });
}

/** Text of a kubeconfig for somebody who may do this to devices, and read Nodes and namespaces. */
export async function personKubeconfig(lab: Lab, name: string, verbs: readonly string[]): Promise<string> {
  const rules = [
    { apiGroups: [DEVICES_GROUP], resources: ["sriovnetworkdevices", "sriovnetworkdevices/status"], verbs },
    { apiGroups: [""], resources: ["nodes", "namespaces"], verbs: ["get", "list"] },
  ];
  await grant(lab, `person-${name}`, rules, { apiGroup: "rbac.authorization.k8s.io", kind: "User", name });
  return lab.controlPlane.kubeconfigFor(name);
}

/** The same as a client, which is the caller's to close. */
export async function person(lab: Lab, name: string, verbs: readonly string[]): Promise<KubeClient> {
  return KubeClient.open({ kubeconfig: await personKubeconfig(lab, name, verbs) }, name);
}

async function grant(
  lab: Lab,
  name: string,
  rules: readonly (PolicyRule & { readonly resourceNames?: readonly string[] })[],
  subject: object,
): Promise<void> {
  const options = { fieldManager: "people", force: true };
  const metadata = { name };
  const role: KubeObject & { readonly rules: unknown } = { metadata, rules };
  await lab.client.apply(CLUSTER_ROLE, role, options);
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
  await lab.client.apply(CLUSTER_ROLE_BINDING, { metadata, roleRef, subjects: [subject] }, options);
}
