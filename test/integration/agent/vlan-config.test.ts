import { expect } from "chai";
import { readFileSync } from "node:fs";
import { NODE, type Node } from "../../../api/core.js";
import { leftOutNics } from "../../../api/left-out-nic.js";
import { Annotation } from "../../../api/names.js";
import { readyCondition, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { VLAN_CONFIG } from "../../../api/vlan-config.js";
import { Informer } from "../../../kube/informer.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { install, uninstall } from "../kube/optional-kind.js";
import { rescan } from "./agent-process.js";
import { countsWritten } from "./hardware.js";
import { Observer, until } from "./observer.js";

describe("an agent in a cluster of Harvester's networks", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;
  let nodes: Informer<Node>;
  const options = { fieldManager: "harvester" };

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    nodes = await synced(new Informer(lab.client, NODE, { fields: { "metadata.name": "n-vlan" } }));
    const nics = [0, 1].map((n) => ({ address: `0000:0${n + 4}:00.0`, interfaces: [{ name: `vu${n}` }], totalVfs: 8 }));
    node = await lab.addSimulatedNode("n-vlan", { spec: { nics } });
  });
  after(async () => {
    await uninstall(lab.client, VLAN_CONFIG);
    await Promise.all([observer.stop(), nodes.stop()]);
  });

  async function synced(informer: Informer<Node>): Promise<Informer<Node>> {
    await informer.start().synced;
    return informer;
  }
  const change = (patch: Readonly<Record<string, unknown>>) => lab.client.merge(VLAN_CONFIG, "rack7", patch, options);
  const eligible = (name: string, status: string): Promise<SriovNetworkDevice> =>
    observer.device(name, (device) => conditionOf(device)?.status === status);
  const conditionOf = (device: SriovNetworkDevice) =>
    device.status?.conditions?.find(({ type }) => type === "Eligible");
  const leftOut = (wanted: readonly string[]) =>
    until(
      nodes,
      () => nodes.get("n-vlan"),
      (object) =>
        leftOutNics(object)
          .map((nic) => nic.interfaceName)
          .join() === wanted.join(),
      "n-vlan",
    );

  it("offers all NICs while the cluster has no VlanConfigs", async () => {
    await observer.ready("n-vlan-vu0", "Unmanaged");
    await observer.declare("n-vlan-vu0", 2);
    const device = await observer.configured("n-vlan-vu0", 2);
    expect(conditionOf(device)).to.include({ status: "True", reason: "Eligible" });
  });

  it("learns of VlanConfigs that come later, and says of an uplink that it is one", async () => {
    await install(lab.client, VLAN_CONFIG);
    const annotations = { [Annotation.matchedNodes]: '["n-other","n-vlan"]' };
    const config = { metadata: { name: "rack7", annotations }, spec: { uplink: { nics: ["vu0"] } } };
    await lab.client.create(VLAN_CONFIG, config, options);
    rescan(lab.run, node);
    expect(conditionOf(await eligible("n-vlan-vu0", "False"))).to.include({
      reason: "VlanUplink",
      message: "vu0 is an uplink of the VlanConfig rack7 on this node",
    });
  });

  it("says so on the Node too", async () => {
    const said = leftOutNics(await leftOut(["vu0"]));
    const reason = "vu0 is an uplink of the VlanConfig rack7 on this node";
    expect(said).to.deep.equal([{ address: "0000:04:00.0", interfaceName: "vu0", reason }]);
  });

  it("lets such a NIC keep the VFs that it has, and changes nothing of it", async () => {
    await observer.declare("n-vlan-vu0", 3);
    const device = await observer.ready("n-vlan-vu0", "NotEligible");
    expect(readyCondition(device)?.message).to.equal(
      "not changed (2 → 3 VFs): vu0 is an uplink of the VlanConfig rack7 on this node. Free the NIC from that, or set " +
        "the count back to 2.",
    );
    expect(device.status?.vfAddresses).to.have.length(2);
    expect(await countsWritten(node.hardware, "0000:04:00.0")).to.deep.equal([2]);
  });

  it("hears at once of a VlanConfig that takes another NIC, and carries out what was waiting", async () => {
    await change({ spec: { uplink: { nics: ["vu1"] } } });
    await eligible("n-vlan-vu1", "False");
    await eligible("n-vlan-vu0", "True");
    await observer.configured("n-vlan-vu0", 3);
    await leftOut(["vu1"]);
  });

  it("goes by the node selector where the annotation is missing", async () => {
    const metadata = { annotations: { [Annotation.matchedNodes]: null } };
    await change({ metadata, spec: { nodeSelector: { rack: "7" } } });
    await eligible("n-vlan-vu1", "True");
  });

  it("hears at once of a label that makes the selector match", async () => {
    await lab.client.merge(NODE, "n-vlan", { metadata: { labels: { rack: "7" } } }, options);
    await eligible("n-vlan-vu1", "False");
  });

  it("goes by the node selector where the annotation is malformed, and tells that in its log", async () => {
    await change({
      metadata: { annotations: { [Annotation.matchedNodes]: '["n-vlan"' } },
      spec: { nodeSelector: { rack: "8" } },
    });
    await eligible("n-vlan-vu1", "True");
    expect(readFileSync(node.agentLog, "utf8")).to.match(/VlanConfig rack7: annotation \S+ is no JSON array of names/);
  });

  it("offers the NIC again when the VlanConfig is gone, and says nothing on the Node any more", async () => {
    await change({ spec: { nodeSelector: { rack: "7" } } });
    await eligible("n-vlan-vu1", "False");
    await lab.client.delete(VLAN_CONFIG, "rack7");
    await eligible("n-vlan-vu1", "True");
    const { annotations } = (await leftOut([])).metadata;
    expect(annotations ?? {}).not.to.have.property(Annotation.leftOutNics);
  });

  it("goes on when the kind itself is removed", async () => {
    await uninstall(lab.client, VLAN_CONFIG);
    await node.hardware.rename("0000:05:00.0", "later");
    rescan(lab.run, node);
    await observer.device("n-vlan-vu1", ({ status }) => status?.interfaceName === "later");
  });
});
