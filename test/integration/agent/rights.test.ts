import { expect } from "chai";
import { readFileSync } from "node:fs";
import { AGENT_ACCOUNT, agentClusterRole, AGENT_ROLE_NAME } from "../../../api/agent-role.js";
import type { PolicyRule } from "../../../api/rbac.js";
import { Label, pciDeviceName } from "../../../api/names.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { VIRTUAL_MACHINE_INSTANCE } from "../../../api/kubevirt.js";
import { PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import { VLAN_CONFIG } from "../../../api/vlan-config.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { install } from "../kube/optional-kind.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
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
  let run: LabRun;
  let lab: Lab;
  let observer: Observer;
  let running: SimulatedNode | undefined;

  before(async () => {
    // A cluster of its own: all agents of a cluster are one account, whose role is changed here.
    run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run);
    for (const kind of OPTIONAL_KINDS) await install(lab.client, kind);
    observer = await Observer.start(lab.client);
  });
  after(async () => {
    await observer.stop();
    lab.client.close();
    await run.stop();
  });
  afterEach(async () => {
    await running?.stopAgent("SIGKILL");
    running = undefined;
  });

  it("are all that it needs", async () => {
    const node = await startAgent("n-all-rights", agentClusterRole().rules);
    await observer.configured("n-all-rights-nic0", VFS);
    await observer.pciDevicesOf("n-all-rights-nic0");
    await lab.awaitReport(node);
    await haveEventsRepeated("n-all-rights-nic0");
    await eventually(async () => {
      const { status } = await lab.client.get(PCI_DEVICE_CLAIM, pciDeviceName("n-all-rights", addressOf(1)));
      return status?.passthroughEnabled === true;
    });
    expect(readFileSync(node.agentLog, "utf8")).to.not.include("not allowed");
  });

  for (const { group, resource, verb } of rightsOf(agentClusterRole().rules)) {
    const name = `n-no-${verb}-${resource.replace("/", "-")}`;
    it(`are named in the log where one lacks: ${verb} ${resource}`, async () => {
      const node = await startAgent(name, without(agentClusterRole().rules, { group, resource, verb }));
      const rule = `apiGroups ["${group}"], resources ["${resource}"], verbs ["${verb}"]`;
      if (resource === "events") await haveEventsRepeated(`${name}-nic0`);
      await eventually(() => messages(node).some((message) => message.includes(rule)));
    });
  }

  /** The same change is told twice, the second time by raising the count of the first. */
  async function haveEventsRepeated(device: string): Promise<void> {
    for (const count of [VFS, 0, VFS, 0]) {
      await lab.client.merge(SRIOV_NETWORK_DEVICE, device, { spec: { numVFS: count } }, OPTIONS);
      await observer.device(
        device,
        ({ spec, metadata, status }) => spec.numVFS === count && status?.observedGeneration === metadata.generation,
      );
      await observer.configured(device, count);
    }
  }

  /** Everything is there before the agent is: its first pass finds all of its work. */
  async function startAgent(name: string, rules: readonly PolicyRule[]): Promise<SimulatedNode> {
    const node = await lab.addSimulatedNode(name, { spec: { nics: nics(2) }, agent: false });
    await prepareWork(lab, name);
    await setRules(lab, rules);
    await node.startAgent();
    running = node;
    return node;
  }
});

/** What a cluster may lack. The agent reads them where they are. */
const OPTIONAL_KINDS: readonly ResourceType<KubeObject>[] = [VIRTUAL_MACHINE_INSTANCE, VLAN_CONFIG];

const VFS = 2;
const OPTIONS = { fieldManager: "test", force: true };

/** The first NIC has an object that lacks labels, a stray PCIDevice and one that is not recognised; the second is claimed. */
async function prepareWork({ client }: Lab, node: string): Promise<void> {
  const device = `${node}-nic0`;
  const [address, numVFS] = [addressOf(0), VFS];
  await client.apply(
    SRIOV_NETWORK_DEVICE,
    { metadata: { name: device }, spec: { address, nodeName: node, numVFS } },
    OPTIONS,
  );
  const spec = { address: addressOf(1), nodeName: node, userName: "alice" };
  await client.apply(PCI_DEVICE_CLAIM, { metadata: { name: pciDeviceName(node, addressOf(1)) }, spec }, OPTIONS);
  const firstVf = pciDeviceName(node, "0000:01:10.0");
  await client.apply(PCI_DEVICE, { metadata: { name: firstVf }, spec: {} }, OPTIONS);
  const labels = { [Label.nodeName]: node, [Label.parentDevice]: device };
  await client.apply(
    PCI_DEVICE,
    { metadata: { name: pciDeviceName(node, "0000:01:1f.0"), labels }, spec: {} },
    OPTIONS,
  );
}

const CLUSTER_ROLE: ResourceType<KubeObject> = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
};

/** Resolves when the API server goes by them: it hears of roles by watch, as everybody does. */
async function setRules(lab: Lab, rules: readonly PolicyRule[]): Promise<void> {
  await lab.client.merge(CLUSTER_ROLE, AGENT_ROLE_NAME, { rules }, OPTIONS);
  const granted = new Set(rightsOf(rules).map(textOf));
  for (const right of rightsOf(agentClusterRole().rules)) {
    await eventually(async () => (await isAllowed(lab, right)) === granted.has(textOf(right)));
  }
}

async function isAllowed({ client }: Lab, { group, resource, verb }: Right): Promise<boolean> {
  const [plural, subresource] = resource.split("/");
  const resourceAttributes = { group, resource: plural, verb, ...(subresource !== undefined && { subresource }) };
  const user = `system:serviceaccount:${AGENT_ACCOUNT.namespace}:${AGENT_ACCOUNT.name}`;
  const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  const body = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user, resourceAttributes },
  };
  const { status } = (await client.raw({ method: "POST", path, body })) as { status: { allowed: boolean } };
  return status.allowed;
}

function rightsOf(rules: readonly PolicyRule[]): Right[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb })))),
  );
}

function without(rules: readonly PolicyRule[], missing: Right): PolicyRule[] {
  return rightsOf(rules)
    .filter((right) => textOf(right) !== textOf(missing))
    .map(({ group, resource, verb }) => ({ apiGroups: [group], resources: [resource], verbs: [verb] }));
}

function textOf({ group, resource, verb }: Right): string {
  return `${verb} ${resource} of "${group}"`;
}

function messages(node: SimulatedNode): string[] {
  const lines = readFileSync(node.agentLog, "utf8").split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => (JSON.parse(line) as { msg: string }).msg);
}
