import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentClusterRole, type PolicyRule } from "../../../api/agent-role.js";
import { Label, pciDeviceName } from "../../../api/names.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { until as eventually } from "../lab/until.js";
import { addressOf, nics } from "./hardware.js";
import { Observer } from "./observer.js";

/** One verb on one resource, as a rule of a role grants it. */
interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
}

/**
 * Each agent finds a node on which everything is to be done that an agent ever does, and lacks one right. That it names the
 * right proves both: that the message is there, and that the right is needed.
 */
describe("an agent's rights", () => {
  let lab: Lab;
  let observer: Observer;
  let running: SimulatedNode | undefined;

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
  });
  after(() => observer.stop());
  afterEach(async () => {
    await running?.stopAgent("SIGKILL");
    running = undefined;
  });

  it("are all that it needs", async () => {
    const node = await startAgent("n-all-rights", agentClusterRole().rules);
    await observer.configured("n-all-rights-nic0", VFS);
    await observer.pciDevicesOf("n-all-rights-nic0");
    await lab.awaitReport(node);
    expect(readFileSync(node.agentLog, "utf8")).to.not.include("not allowed");
  });

  for (const { group, resource, verb } of rightsOf(agentClusterRole().rules)) {
    const name = `n-no-${verb}-${resource.replace("/", "-")}`;
    it(`are named in the log where one lacks: ${verb} ${resource}`, async () => {
      const node = await startAgent(name, without(agentClusterRole().rules, { group, resource, verb }));
      const rule = `apiGroups ["${group}"], resources ["${resource}"], verbs ["${verb}"]`;
      await eventually(() => messages(node).some((message) => message.includes(rule)));
    });
  }

  /** With a role of its own. Everything is there before the agent is: its first pass finds all of its work. */
  async function startAgent(name: string, rules: readonly PolicyRule[]): Promise<SimulatedNode> {
    const kubeconfig = join(lab.run.dir, `${name}.own-role`);
    const node = await lab.addSimulatedNode(name, {
      spec: { nics: nics(2) },
      agent: false,
      agentArgs: ["--kubeconfig", kubeconfig],
    });
    await prepareWork(lab, name);
    writeFileSync(kubeconfig, await bindRole(lab, name, rules));
    await node.startAgent();
    running = node;
    return node;
  }
});

const VFS = 2;
const OPTIONS = { fieldManager: "test", force: true };

/** The first NIC has an object that lacks labels, a stray PCIDevice and one that is not recognised; the second nothing. */
async function prepareWork({ client }: Lab, node: string): Promise<void> {
  const device = `${node}-nic0`;
  const [address, numVFS] = [addressOf(0), VFS];
  await client.apply(
    SRIOV_NETWORK_DEVICE,
    { metadata: { name: device }, spec: { address, nodeName: node, numVFS } },
    OPTIONS,
  );
  const firstVf = pciDeviceName(node, "0000:01:10.0");
  await client.apply(PCI_DEVICE, { metadata: { name: firstVf }, spec: {} }, OPTIONS);
  const labels = { [Label.nodeName]: node, [Label.parentDevice]: device };
  await client.apply(PCI_DEVICE, { metadata: { name: `${node}-stray`, labels }, spec: {} }, OPTIONS);
}

const RBAC = { apiVersion: "rbac.authorization.k8s.io/v1", namespaced: false };
const CLUSTER_ROLE: ResourceType<KubeObject> = { ...RBAC, kind: "ClusterRole", plural: "clusterroles" };
const CLUSTER_ROLE_BINDING: ResourceType<KubeObject> = {
  ...RBAC,
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
};

/** A kubeconfig for an account that has these rights and no others, once the API server knows of them. */
async function bindRole(lab: Lab, name: string, rules: readonly PolicyRule[]): Promise<string> {
  const account = { namespace: "pulumi-sriov", name };
  const kubeconfig = await lab.controlPlane.serviceAccountKubeconfig({ ...account, boundNode: name });
  await lab.client.apply(CLUSTER_ROLE, { metadata: { name }, rules }, OPTIONS);
  const binding = {
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", ...account }],
  };
  await lab.client.apply(CLUSTER_ROLE_BINDING, binding, OPTIONS);
  const [some] = rightsOf(rules);
  await eventually(() => some !== undefined && isAllowed(lab, account, some));
  return kubeconfig;
}

async function isAllowed({ client }: Lab, account: Account, { group, resource, verb }: Right): Promise<boolean> {
  const [plural, subresource] = resource.split("/");
  const resourceAttributes = { group, resource: plural, verb, ...(subresource !== undefined && { subresource }) };
  const user = `system:serviceaccount:${account.namespace}:${account.name}`;
  const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  const body = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user, resourceAttributes },
  };
  const { status } = (await client.raw({ method: "POST", path, body })) as { status: { allowed: boolean } };
  return status.allowed;
}

interface Account {
  readonly namespace: string;
  readonly name: string;
}

function rightsOf(rules: readonly PolicyRule[]): Right[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb })))),
  );
}

function without(rules: readonly PolicyRule[], missing: Right): PolicyRule[] {
  return rightsOf(rules)
    .filter(
      ({ group, resource, verb }) =>
        `${group} ${resource} ${verb}` !== `${missing.group} ${missing.resource} ${missing.verb}`,
    )
    .map(({ group, resource, verb }) => ({ apiGroups: [group], resources: [resource], verbs: [verb] }));
}

function messages(node: SimulatedNode): string[] {
  const lines = readFileSync(node.agentLog, "utf8").split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => (JSON.parse(line) as { msg: string }).msg);
}
