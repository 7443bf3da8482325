import { AGENT_ACCOUNT } from "../../../api/agent-role.js";
import { DEVICES_GROUP, SRIOV_NETWORK_GROUP } from "../../../api/names.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import type { PolicyRule } from "../../../api/rbac.js";
import { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";
import { until } from "../lab/until.js";

const RBAC = { apiVersion: "rbac.authorization.k8s.io/v1", namespaced: false } as const;
const CLUSTER_ROLE: ResourceType<KubeObject> = { ...RBAC, kind: "ClusterRole", plural: "clusterroles" };
const CLUSTER_ROLE_BINDING: ResourceType<KubeObject> = {
  ...RBAC,
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
};

/** Lets agents, by a mistake of somebody's, disrupt this device. `agent` is one of them. */
export async function letAgentsDisrupt(lab: Lab, agent: KubeClient, device: string): Promise<void> {
  const resource = { apiGroups: [DEVICES_GROUP], resources: ["sriovnetworkdevices"] };
  const rules = [{ ...resource, resourceNames: [device], verbs: ["disrupt"] }];
  await grant(lab, "disrupting-agents", rules, { kind: "ServiceAccount", ...AGENT_ACCOUNT });
  await untilAllowed(agent, "disrupt", device);
}

/** Lets agents, by a mistake of somebody's, make and delete claims. `agent` is one of them. */
export async function letAgentsWriteClaims(lab: Lab, agent: KubeClient): Promise<void> {
  const rules = [{ apiGroups: [DEVICES_GROUP], resources: ["pcideviceclaims"], verbs: ["create", "delete"] }];
  await grant(lab, "claiming-agents", rules, { kind: "ServiceAccount", ...AGENT_ACCOUNT });
  for (const { verbs } of rules)
    for (const verb of verbs) await untilAllowed(agent, verb, undefined, "pcideviceclaims");
}

/** Lets somebody disrupt one device, or one claim, and no other. `client` is his. */
export async function letDisrupt(
  lab: Lab,
  name: string,
  client: KubeClient,
  object: string,
  resource = "sriovnetworkdevices",
): Promise<void> {
  const of = { apiGroups: [DEVICES_GROUP], resources: [resource] };
  const rules = [{ ...of, resourceNames: [object], verbs: ["disrupt"] }];
  await grant(lab, `${name}-may-disrupt`, rules, { apiGroup: "rbac.authorization.k8s.io", kind: "User", name });
  await untilAllowed(client, "disrupt", object, resource);
}

/** Lets somebody list and watch a kind of this project's. `client` is his. */
export async function letWatch(lab: Lab, name: string, client: KubeClient, resource: string): Promise<void> {
  const verbs = ["list", "watch"];
  const rules = [{ apiGroups: [DEVICES_GROUP], resources: [resource], verbs }];
  const subject = { apiGroup: "rbac.authorization.k8s.io", kind: "User", name };
  await grant(lab, `${name}-may-watch-${resource}`, rules, subject);
  for (const verb of verbs) await untilAllowed(client, verb, undefined, resource);
}

/** Text of a kubeconfig for somebody who may do this to devices, claims, policies and networks, and read Nodes and namespaces. */
export async function personKubeconfig(lab: Lab, name: string, verbs: readonly string[]): Promise<string> {
  const rules = [
    { apiGroups: [DEVICES_GROUP], resources: DEVICES.flatMap((of) => [of, `${of}/status`]), verbs },
    { apiGroups: [SRIOV_NETWORK_GROUP], resources: ["sriovnetworknodepolicies", "sriovnetworks"], verbs },
    { apiGroups: [""], resources: ["nodes", "namespaces"], verbs: ["get", "list"] },
  ];
  await grant(lab, `person-${name}`, rules, { apiGroup: "rbac.authorization.k8s.io", kind: "User", name });
  const kubeconfig = await lab.controlPlane.kubeconfigFor(name);
  const client = KubeClient.open({ kubeconfig }, name);
  for (const verb of verbs) await untilAllowed(client, verb);
  client.close();
  return kubeconfig;
}

/** The same as a client, which is the caller's to close. */
export async function person(lab: Lab, name: string, verbs: readonly string[]): Promise<KubeClient> {
  return KubeClient.open({ kubeconfig: await personKubeconfig(lab, name, verbs) }, name);
}

interface SelfSubjectAccessReview {
  readonly status: { readonly allowed: boolean };
}

const DEVICES = ["sriovnetworkdevices", "pcideviceclaims"];

/** The API server hears of a new role a moment after it has taken it. */
async function untilAllowed(
  client: KubeClient,
  verb: string,
  name?: string,
  resource = "sriovnetworkdevices",
): Promise<void> {
  const group = DEVICES_GROUP;
  const apiVersion = "authorization.k8s.io/v1";
  const resourceAttributes = { group, resource, verb, ...(name !== undefined && { name }) };
  const body = { apiVersion, kind: "SelfSubjectAccessReview", spec: { resourceAttributes } };
  const path = `/apis/${apiVersion}/selfsubjectaccessreviews`;
  await until(async () => {
    const { status } = (await client.raw({ method: "POST", path, body })) as SelfSubjectAccessReview;
    return status.allowed;
  });
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
