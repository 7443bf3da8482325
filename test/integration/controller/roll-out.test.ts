import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import type { LabController } from "../../../lab/controller.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { nics } from "../agent/hardware.js";
import { PolicyCluster, readyMessage } from "./policy-cluster.js";

const NAMES = ["n-roll-1", "n-roll-2", "n-roll-3"];

describe("a policy with a limit of nodes that are changed at once", () => {
  let cluster: PolicyCluster;
  let controller: LabController;
  let nodes: readonly SimulatedNode[] = [];
  const deviceOf = (index: number): string => `${NAMES[index] ?? ""}-nic0`;
  const spec = { nodeSelector: { role: "roll" }, nicSelector: { pfNames: ["nic0"] }, numVfs: 2 };
  const limit = (value: string) => ({ annotations: { [Annotation.maxUnavailable]: value } });
  const states = (): string[] =>
    (cluster.policies.get("roll", "pulumi-sriov")?.status?.matchedDevices ?? []).map(({ state }) => state);

  before(async () => {
    cluster = await PolicyCluster.start();
    const added = NAMES.map((name) => cluster.lab.addSimulatedNode(name, { spec: { nics: nics(1) } }));
    nodes = await Promise.all(added);
    await Promise.all(NAMES.map((name) => cluster.label(name, { role: "roll" })));
    controller = await cluster.lab.startController();
  });
  after(() => cluster.stop(controller));

  it("has one node changed, and the others wait for it", async () => {
    await nodes[0]?.stopAgent("SIGTERM");
    await cluster.apply("roll", spec, limit("1"));
    const { message } = await cluster.matched("roll", deviceOf(1), "Waiting");
    expect(message).to.include(Annotation.maxUnavailable);
    expect(states()).to.deep.equal(["Configuring", "Waiting", "Waiting"]);
    const policy = await cluster.ready("roll", "Configuring");
    expect(readyMessage(policy)).to.equal("0 of 3 NICs are as asked, 1 being changed, 2 waiting for their turn");
  });

  it("has not written to those that wait", () => {
    expect(NAMES.map((name) => cluster.observer.devices.get(`${name}-nic0`)?.spec.numVFS)).to.deep.equal([2, 0, 0]);
  });

  it("goes on to a second one where the limit is raised to two", async () => {
    await cluster.apply("roll", spec, limit("2"));
    await cluster.configured(deviceOf(1), 2);
    await cluster.configured(deviceOf(2), 2);
    await cluster.policy("roll", () => states().join() === "Configuring,Ready,Ready");
  });

  it("is done when the first node's agent is back", async () => {
    await nodes[0]?.startAgent();
    await cluster.configured(deviceOf(0), 2);
    await cluster.ready("roll", "Configured");
  });

  it("goes through all nodes one after the other", async () => {
    await cluster.apply("roll", { ...spec, numVfs: 4 }, limit("1"));
    await cluster.ready("roll", "Configured");
    for (const index of [0, 1, 2]) await cluster.configured(deviceOf(index), 4);
  });

  it("waits, and says that it gets no further, while a node has failed", async () => {
    await nodes[0]?.hardware.failNext("0000:01:00.0", "EIO");
    await nodes[0]?.hardware.failNext("0000:01:00.0", "EIO");
    await nodes[0]?.hardware.failNext("0000:01:00.0", "EIO");
    await cluster.apply("roll", { ...spec, numVfs: 6 }, limit("1"));
    await cluster.policy("roll", () => states().join() === "Failed,Waiting,Waiting");
    expect(readyMessage(await cluster.ready("roll", "Incomplete"))).to.include("EIO");
  });

  it("goes on when that node is well again", async () => {
    for (const index of [0, 1, 2]) await cluster.configured(deviceOf(index), 6);
    await cluster.ready("roll", "Configured");
  });
});
