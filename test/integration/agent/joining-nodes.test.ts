import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AGENT_ACCOUNT } from "../../../api/agent-role.js";
import { NODE, type Node, POD } from "../../../api/core.js";
import { isObjectName } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { Informer } from "../../../kube/informer.js";
import type { Lab } from "../../../lab/lab.js";
import type { LabProcess } from "../../../lab/processes/lab-run.js";
import { sharedLab } from "../../shared-lab.js";
import { until as eventually } from "../lab/until.js";
import { nics } from "./hardware.js";
import { Observer, until } from "./observer.js";

const CAPABLE = "network-sriov.capable";

describe("an agent whose Node comes and goes", () => {
  let lab: Lab;
  let observer: Observer;
  let nodes: Informer<Node>;
  const spawned: LabProcess[] = [];

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    nodes = new Informer(lab.client, NODE).start();
    await nodes.synced;
    await lab.addSimulatedNode("n-join", { spec: { nics: nics(1) }, agent: false });
  });
  after(async () => {
    await Promise.all(spawned.map((agent) => agent.stop()));
    await Promise.all([observer.stop(), nodes.stop()]);
  });

  /** On the hardware of n-join. */
  async function spawnAgent(name: string, nodeName: string): Promise<LabProcess> {
    const main = join(__dirname, "..", "..", "..", "lab", "nodes", "simulated", "agent.js");
    const socket = join(lab.run.dir, "n-join.sock");
    const args = [main, socket, "--node-name", nodeName, "--kubeconfig", await podKubeconfig(name, nodeName)];
    const agent = lab.run.spawn(name, process.execPath, args);
    spawned.push(agent);
    return agent;
  }

  /** As a pod's, it names the node whether there is such a Node or not, and outlives it. */
  async function podKubeconfig(pod: string, nodeName: string): Promise<string> {
    const { namespace, name } = AGENT_ACCOUNT;
    const spec = { nodeName, serviceAccountName: name, containers: [{ name: "agent", image: "agent" }] };
    await lab.client.create(POD, { metadata: { namespace, name: pod }, spec }, { fieldManager: "test" });
    const file = join(lab.run.dir, `${pod}.kubeconfig`);
    const text = await lab.controlPlane.serviceAccountKubeconfig({ namespace, name, boundPod: pod });
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }
  const create = (name: string): Promise<Node> =>
    lab.client.apply<Node, { metadata: { name: string } }>(NODE, { metadata: { name } }, { fieldManager: "kubelet" });
  const capable = (name: string): Promise<Node> =>
    until(
      nodes,
      () => nodes.get(name),
      ({ metadata }) => metadata.labels?.[CAPABLE] === "true",
      name,
    );
  const deviceOf = (nodeName: string, wanted: (device: SriovNetworkDevice) => boolean): Promise<SriovNetworkDevice> =>
    until(
      observer.devices,
      () => observer.devices.list().find(({ spec }) => spec.nodeName === nodeName),
      wanted,
      `device of ${nodeName}`,
    );
  const isOwnedBy = (device: SriovNetworkDevice, node: Node): boolean =>
    device.metadata.ownerReferences?.some(({ uid }) => uid === node.metadata.uid) === true;

  describe("and was started before it", () => {
    let agent: LabProcess;
    let first: Node;

    it("makes devices and labels as soon as there is one", async () => {
      agent = await spawnAgent("joining", "n-joining");
      await eventually(() => readFileSync(agent.logFile, "utf8").includes("no Node n-joining yet"));
      first = await create("n-joining");
      await deviceOf("n-joining", (device) => device.status !== undefined && isOwnedBy(device, first));
      await capable("n-joining");
    });

    it("has its objects taken along when the Node is deleted, and makes none without it", async () => {
      await observer.declare("n-joining-nic0", 1);
      await observer.configured("n-joining-nic0", 1);
      const goes = new Promise<void>((resolve) => {
        observer.devices.onChange((change) => {
          if (change.kind === "gone" && change.object.spec.nodeName === "n-joining") resolve();
        });
      });
      await lab.client.delete(NODE, "n-joining");
      await goes;
      await eventually(() => observer.pciDevices.list().every(({ status }) => status?.nodeName !== "n-joining"));
      expect(observer.devices.get("n-joining-nic0")).to.equal(undefined);
    });

    it("makes new ones, and labels, for a Node that is made anew", async () => {
      const second = await create("n-joining");
      const device = await deviceOf("n-joining", (it) => it.status !== undefined && isOwnedBy(it, second));
      expect(device.metadata.ownerReferences).to.have.length(1);
      await capable("n-joining");
      await agent.stop();
    });
  });

  for (const [what, nodeName] of [
    ["is a domain of more than 63 characters", `n-long.${"rack-and-row.".repeat(6)}example.com`],
    ["has 240 characters", `n-long-${"x".repeat(233)}`],
  ] as const) {
    it(`works where the Node's name ${what}`, async () => {
      await create(nodeName);
      const agent = await spawnAgent(`long-${nodeName.length}`, nodeName);
      const { metadata } = await deviceOf(nodeName, ({ status }) => status !== undefined);
      expect(isObjectName(metadata.name), metadata.name).to.equal(true);
      expect(metadata.labels?.["nodename"]?.length).to.be.at.most(63);
      await observer.declare(metadata.name, 2);
      const { status } = await observer.configured(metadata.name, 2);
      expect(status?.vfPCIDevices).to.have.length(2);
      for (const name of status?.vfPCIDevices ?? []) {
        await eventually(() => observer.pciDevices.get(name)?.status?.nodeName === nodeName);
      }
      await observer.declare(metadata.name, 0);
      await observer.configured(metadata.name, 0);
      await capable(nodeName);
      await agent.stop();
    });
  }

  it("makes an object where the Node's name has as many characters as a name may have", async () => {
    const nodeName = `n-longest-${"x".repeat(243)}`;
    await create(nodeName);
    const agent = await spawnAgent("longest", nodeName);
    const { metadata } = await deviceOf(nodeName, ({ status }) => status !== undefined);
    expect(metadata.name).to.match(/^n-longest-x+-[0-9a-f]{8}-nic0-000001000$/);
    await agent.stop();
  });
});
