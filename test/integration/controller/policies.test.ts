import { expect } from "chai";
import type { LabController } from "../../../lab/controller.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { rescan } from "../agent/agent-process.js";
import { nic, nics } from "../agent/hardware.js";
import { PolicyCluster, readyMessage } from "./policy-cluster.js";

const ROLE = { role: "pol" };

describe("a policy", () => {
  let cluster: PolicyCluster;
  let controller: LabController;
  let first: SimulatedNode;

  before(async () => {
    cluster = await PolicyCluster.start();
    const { lab } = cluster;
    first = await lab.addSimulatedNode("n-pol-a", { spec: { nics: nics(8) } });
    await lab.addSimulatedNode("n-pol-b", { spec: { nics: nics(2) } });
    await Promise.all(["n-pol-a", "n-pol-b"].map((node) => cluster.label(node, ROLE)));
    controller = await lab.startController();
  });
  after(() => cluster.stop(controller));

  describe("on nodes and NICs that are there", () => {
    it("gives every NIC that it selects its VFs", async () => {
      await cluster.apply("pol-both", { nodeSelector: ROLE, nicSelector: { pfNames: ["nic0"] }, numVfs: 4 });
      await cluster.configured("n-pol-a-nic0", 4);
      await cluster.configured("n-pol-b-nic0", 4);
    });

    it("tells which NICs it selects, and what they have by it", async () => {
      const { status } = await cluster.ready("pol-both", "Configured");
      const matched = (node: string): object => ({
        name: `${node}-nic0`,
        nodeName: node,
        interfaceName: "nic0",
        address: "0000:01:00.0",
        numVfs: 4,
        vfRange: "0-3",
        state: "Ready",
      });
      expect([status?.matched, status?.ready]).to.deep.equal([2, 2]);
      expect(status?.matchedDevices).to.deep.equal([matched("n-pol-a"), matched("n-pol-b")]);
    });

    it("shares the VFs out under its resource name", async () => {
      const { spec } = await cluster.configured("n-pol-a-nic0", 4);
      const group = { resourceName: "pol_both", policyName: "pol-both", vfRange: "0-3", deviceType: "netdevice" };
      expect(spec.vfGroups).to.deep.equal([group]);
    });

    it("leaves other NICs as nobody has touched them", async () => {
      const { metadata } = await cluster.observer.ready("n-pol-a-nic1", "Unmanaged");
      expect(metadata.generation).to.equal(1);
    });

    it("is followed when it is edited", async () => {
      await cluster.apply("pol-both", { nodeSelector: ROLE, nicSelector: { pfNames: ["nic0"] }, numVfs: 3 });
      await cluster.configured("n-pol-a-nic0", 3);
      await cluster.configured("n-pol-b-nic0", 3);
      await cluster.ready("pol-both", "Configured");
    });

    it("takes its VFs away where it is edited to select the NIC no more", async () => {
      const nicSelector = { pfNames: ["nic0"], rootDevices: ["0000:01:00.0"], vendor: "15b3" };
      await cluster.apply("pol-both", { nodeSelector: ROLE, nicSelector, numVfs: 3 });
      const { spec } = await cluster.observer.configured("n-pol-a-nic0", 0);
      expect(spec.vfGroups).to.equal(undefined);
      expect(readyMessage(await cluster.ready("pol-both", "NothingMatched"))).to.include("no NIC of any node");
    });

    it("takes its VFs away when it is deleted", async () => {
      await cluster.apply("pol-both", { nodeSelector: ROLE, nicSelector: { pfNames: ["nic0"] }, numVfs: 2 });
      await cluster.ready("pol-both", "Configured");
      await cluster.delete("pol-both");
      await cluster.observer.configured("n-pol-a-nic0", 0);
      await cluster.observer.configured("n-pol-b-nic0", 0);
    });
  });

  describe("that selects nothing yet", () => {
    it("says so, and is Ready", async () => {
      await cluster.apply("pol-later", {
        nodeSelector: { zone: "pol-z" },
        nicSelector: { pfNames: ["nic1"] },
        numVfs: 2,
      });
      const { status } = await cluster.ready("pol-later", "NothingMatched");
      expect(status?.conditions.map(({ type, status }) => [type, status])).to.deep.equal([["Ready", "True"]]);
    });

    it("configures a node that gets its label", async () => {
      await cluster.label("n-pol-b", { zone: "pol-z" });
      await cluster.configured("n-pol-b-nic1", 2);
      await cluster.ready("pol-later", "Configured");
    });

    it("lets go of a node that loses its label", async () => {
      await cluster.label("n-pol-b", { zone: null });
      await cluster.observer.configured("n-pol-b-nic1", 0);
      await cluster.ready("pol-later", "NothingMatched");
    });

    it("configures a NIC that is plugged in", async () => {
      await cluster.apply("pol-plugged", { nodeSelector: ROLE, nicSelector: { pfNames: ["nic20"] }, numVfs: 2 });
      await cluster.ready("pol-plugged", "NothingMatched");
      await first.hardware.plug(nic(20));
      rescan(cluster.lab.run, first);
      await cluster.configured("n-pol-a-nic20", 2);
      await cluster.ready("pol-plugged", "Configured");
    });

    it("configures a node that joins", async () => {
      await cluster.apply("pol-joins", {
        nodeSelector: { zone: "pol-j" },
        nicSelector: { pfNames: ["nic0"] },
        numVfs: 2,
      });
      await cluster.ready("pol-joins", "NothingMatched");
      const joining = await cluster.lab.addSimulatedNode("n-pol-joins", { spec: { nics: nics(1) }, agent: false });
      await cluster.label("n-pol-joins", { zone: "pol-j" });
      await joining.startAgent();
      await cluster.configured("n-pol-joins-nic0", 2);
      await cluster.ready("pol-joins", "Configured");
    });
  });

  describe("with another on the same NIC", () => {
    const spec = { nodeSelector: ROLE };
    const groups = async (device: string, count: number): Promise<(readonly [string, string])[]> =>
      ((await cluster.configured(device, count)).spec.vfGroups ?? []).map((group) => [group.policyName, group.vfRange]);

    it("shares its VFs by ranges", async () => {
      await cluster.apply("pol-low", { ...spec, nicSelector: { pfNames: ["nic2#0-1"] }, numVfs: 4 });
      await cluster.apply("pol-high", { ...spec, nicSelector: { pfNames: ["nic2#2-3"] }, numVfs: 4 });
      await cluster.ready("pol-low", "Configured");
      await cluster.ready("pol-high", "Configured");
      expect(await groups("n-pol-a-nic2", 4)).to.deep.equal([
        ["pol-low", "0-1"],
        ["pol-high", "2-3"],
      ]);
    });

    it("keeps its own VFs when the other is deleted", async () => {
      await cluster.delete("pol-low");
      await cluster.observer.device("n-pol-a-nic2", ({ spec }) => spec.vfGroups?.length === 1);
      expect(await groups("n-pol-a-nic2", 4)).to.deep.equal([["pol-high", "2-3"]]);
    });

    it("goes first with the lower priority number, and the other says who is in its way", async () => {
      await cluster.apply("pol-ten", { ...spec, nicSelector: { pfNames: ["nic3"] }, numVfs: 6, priority: 10 });
      await cluster.apply("pol-five", { ...spec, nicSelector: { pfNames: ["nic3"] }, numVfs: 2, priority: 5 });
      await cluster.ready("pol-five", "Configured");
      expect((await cluster.matched("pol-ten", "n-pol-a-nic3", "Conflict")).message).to.include("pol-five");
      expect(await groups("n-pol-a-nic3", 2)).to.deep.equal([["pol-five", "0-1"]]);
      await cluster.ready("pol-ten", "Incomplete");
    });

    it("gets the NIC when the one before it is deleted", async () => {
      await cluster.delete("pol-five");
      await cluster.configured("n-pol-a-nic3", 6);
      await cluster.ready("pol-ten", "Configured");
    });

    it("goes first with the last name where priorities are equal", async () => {
      await cluster.apply("pol-tie-a", { ...spec, nicSelector: { pfNames: ["nic4"] }, numVfs: 2 });
      await cluster.apply("pol-tie-b", { ...spec, nicSelector: { pfNames: ["nic4"] }, numVfs: 2 });
      await cluster.matched("pol-tie-a", "n-pol-a-nic4", "Conflict");
      expect(await groups("n-pol-a-nic4", 2)).to.deep.equal([["pol-tie-b", "0-1"]]);
    });

    it("says where their ranges overlap", async () => {
      await cluster.apply("pol-over-a", { ...spec, nicSelector: { pfNames: ["nic5#0-2"] }, numVfs: 4, priority: 1 });
      await cluster.apply("pol-over-b", { ...spec, nicSelector: { pfNames: ["nic5#2-3"] }, numVfs: 4, priority: 2 });
      const { message } = await cluster.matched("pol-over-b", "n-pol-a-nic5", "Conflict");
      expect(message).to.include("pol-over-a");
      expect(await groups("n-pol-a-nic5", 4)).to.deep.equal([["pol-over-a", "0-2"]]);
    });
  });

  describe("that cannot be carried out as it is", () => {
    it("names the NIC that has too few VFs, and configures the others", async () => {
      const spec = { nics: [{ ...nic(0), totalVfs: 2 }, nic(1)] };
      await cluster.lab.addSimulatedNode("n-pol-few", { spec });
      await cluster.label("n-pol-few", { zone: "pol-few" });
      const nicSelector = { pfNames: ["nic0", "nic1"] };
      await cluster.apply("pol-many", { nodeSelector: { zone: "pol-few" }, nicSelector, numVfs: 4 });
      await cluster.configured("n-pol-few-nic1", 4);
      const policy = await cluster.ready("pol-many", "Incomplete");
      expect([policy.status?.matched, policy.status?.ready]).to.deep.equal([2, 1]);
      expect(readyMessage(policy)).to.match(/1 of 2 NICs are as asked; n-pol-few-nic0: Invalid: .*2/);
      await cluster.observer.ready("n-pol-few-nic0", "Unmanaged");
    });

    it("names fields that are not carried out here, and makes no VFs", async () => {
      const nicSelector = { pfNames: ["nic6"] };
      await cluster.apply("pol-switchdev", { nodeSelector: ROLE, nicSelector, numVfs: 2, eSwitchMode: "switchdev" });
      const { status } = await cluster.ready("pol-switchdev", "Incomplete");
      const unsupported = status?.conditions.find(({ type }) => type === "Unsupported");
      expect(unsupported?.message).to.equal("not carried out here: eSwitchMode: switchdev");
      await cluster.observer.ready("n-pol-a-nic6", "Unmanaged");
    });

    it("takes that back when the field goes", async () => {
      await cluster.apply("pol-switchdev", { nodeSelector: ROLE, nicSelector: { pfNames: ["nic6"] }, numVfs: 2 });
      const { status } = await cluster.ready("pol-switchdev", "Configured");
      expect(status?.conditions.map(({ type }) => type)).to.deep.equal(["Ready"]);
    });

    it("counts for nothing in another namespace, and says where it would count", async () => {
      const nicSelector = { pfNames: ["nic7"] };
      await cluster.apply("pol-elsewhere", { nodeSelector: ROLE, nicSelector, numVfs: 2 }, { namespace: "default" });
      const policy = await cluster.ready("pol-elsewhere", "OtherNamespace", "default");
      expect(readyMessage(policy)).to.include("pulumi-sriov");
      await cluster.observer.ready("n-pol-a-nic7", "Unmanaged");
    });
  });
});
