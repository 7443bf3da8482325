import { expect } from "chai";
import { readFileSync } from "node:fs";
import { NODE } from "../../../api/core.js";
import { leftOutNics } from "../../../api/left-out-nic.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { Informer } from "../../../kube/informer.js";
import { sharedLab } from "../../shared-lab.js";
import { ownersOfCount } from "../api/device.js";
import { until as eventually } from "../lab/until.js";
import { rescan } from "./agent-process.js";
import { addressOf, countsWritten, nic } from "./hardware.js";
import { Observer, until } from "./observer.js";

const CAPABLE = "network-sriov.capable";
const FEATURE_CAPABLE = "feature.node.kubernetes.io/network-sriov.capable";

describe("an agent that finds NICs", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;

  before(async () => {
    lab = await sharedLab();
    const spec = {
      nics: [
        { address: "0000:04:00.0", interfaces: [{ name: "eno49" }] },
        { address: "0000:05:00.0", interfaces: [{ name: "Lan0" }] },
        { address: "0000:06:00.0", interfaces: [{ name: "lan0" }] },
        { address: "0000:07:00.0", interfaces: [{ name: "uplink" }] },
      ],
      defaultRouteInterfaces: ["uplink"],
    };
    observer = await Observer.start(lab.client);
    node = await lab.addSimulatedNode("n-found", { spec });
  });
  after(() => observer.stop());

  it("makes an object for a NIC, with what is fixed about it", async () => {
    const { metadata, spec } = await observer.ready("n-found-eno49", "Unmanaged");
    expect(spec).to.deep.equal({ address: "0000:04:00.0", nodeName: "n-found", numVFS: 0 });
    expect(metadata.labels).to.deep.equal({ nodename: "n-found" });
    expect(metadata.annotations).to.deep.equal({ "sriov.devices.harvesterhi.io/interface-name": "eno49" });
  });

  it("does not own the count", async () => {
    const { metadata } = await observer.ready("n-found-eno49", "Unmanaged");
    expect(ownersOfCount({ metadata, spec: { address: "", nodeName: "" } })).to.deep.equal([]);
  });

  it("ties the object to the Node, so that it goes with it", async () => {
    const { uid } = (await lab.client.get(NODE, "n-found")).metadata;
    const { metadata } = await observer.ready("n-found-eno49", "Unmanaged");
    expect(metadata.ownerReferences).to.deep.equal([{ apiVersion: "v1", kind: "Node", name: "n-found", uid }]);
  });

  it("reports the NIC", async () => {
    const { status } = await observer.ready("n-found-eno49", "Unmanaged");
    expect(status).to.deep.include({ status: "sriovNetworkDeviceDisabled", totalVFs: 63, vfAddresses: [] });
    expect(status).to.include({ interfaceName: "eno49", vendorId: "8086", deviceId: "10fb", driver: "ixgbe" });
  });

  it("writes nothing to the hardware", async () => {
    await observer.ready("n-found-eno49", "Unmanaged");
    expect(await node.hardware.writes()).to.deep.equal([]);
  });

  it("names two NICs whose interfaces differ only in capitals apart", () => {
    const objects = observer.devices.list().filter(({ spec }) => spec.nodeName === "n-found");
    const addresses = objects.map(({ spec }) => spec.address).filter((address) => /:0[56]:/.test(address));
    expect(addresses.sort()).to.deep.equal(["0000:05:00.0", "0000:06:00.0"]);
    const names = objects.map(({ metadata }) => metadata.name).filter((name) => name.includes("lan0"));
    expect(names).to.include("n-found-lan0");
    expect(names.find((name) => name !== "n-found-lan0")).to.match(/^n-found-lan0-00000[56]000$/);
  });

  it("configures a NIC whose interface has capitals", async () => {
    const found = observer.devices
      .list()
      .find(({ spec }) => spec.nodeName === "n-found" && spec.address === "0000:05:00.0");
    const name = found?.metadata.name ?? "";
    await observer.declare(name, 2);
    expect((await observer.configured(name, 2)).status?.interfaceName).to.equal("Lan0");
    expect(await countsWritten(node.hardware, "0000:05:00.0")).to.deep.equal([2]);
  });

  it("makes none for the NIC of the default route", () => {
    expect(observer.devices.list().map(({ metadata }) => metadata.name)).not.to.include("n-found-uplink");
  });

  it("says on the Node that it is capable", async () => {
    const { metadata } = await lab.client.get(NODE, "n-found");
    expect(metadata.labels).to.include({ [CAPABLE]: "true", [FEATURE_CAPABLE]: "true" });
  });

  it("leaves a NIC alone that has become the node's own, before any scan has seen it, and says so", async () => {
    await node.hardware.setUppers("eno49", ["mgmt-bo"]);
    await lab.client.merge(SRIOV_NETWORK_DEVICE, "n-found-eno49", { spec: { numVFS: 3 } }, { fieldManager: "test" });
    const { status } = await observer.ready("n-found-eno49", "NotEligible");
    expect(status?.conditions?.[0]?.message).to.include("belongs to the management interface mgmt-bo");
    expect(await countsWritten(node.hardware, "0000:04:00.0")).to.deep.equal([]);
  });

  describe("on a Node without such a NIC", () => {
    let bare: SimulatedNode;
    const capable = async () => (await lab.client.get(NODE, "n-bare")).metadata.labels?.[CAPABLE];
    before(async () => {
      bare = await lab.addSimulatedNode("n-bare", { spec: { nics: [] } });
    });

    it("says that it is not capable", async () => {
      const { labels } = (await lab.client.get(NODE, "n-bare")).metadata;
      expect(labels).to.include({ [CAPABLE]: "false" });
      expect(labels).not.to.have.property(FEATURE_CAPABLE);
    });

    it("says that it is as soon as one is found", async () => {
      await bare.hardware.plug(nic(0));
      rescan(lab.run, bare);
      await observer.ready("n-bare-nic0", "Unmanaged");
      await eventually(async () => (await capable()) === "true");
    });

    it("does not take that back while the NIC cannot be read", async () => {
      await bare.hardware.setUnreadable(addressOf(0), "EIO");
      rescan(lab.run, bare);
      await eventually(async () => leftOutNics(await lab.client.get(NODE, "n-bare")).length > 0);
      expect(await capable()).to.equal("true");
    });

    it("says of such a NIC what the kernel answered, until it can be read again", async () => {
      const [said] = leftOutNics(await lab.client.get(NODE, "n-bare"));
      expect(said?.address).to.equal(addressOf(0));
      expect(said?.reason).to.match(/^it cannot be read: read .*input\/output error \(EIO\)$/);
      expect(readFileSync(bare.agentLog, "utf8")).to.include(`left out: ${addressOf(0)}: it cannot be read: read `);
      await bare.hardware.setUnreadable(addressOf(0), undefined);
      rescan(lab.run, bare);
      await eventually(async () => leftOutNics(await lab.client.get(NODE, "n-bare")).length === 0);
    });
  });

  it("puts a label back that somebody took from the Node", async () => {
    const nodes = new Informer(lab.client, NODE).start();
    await nodes.synced;
    const patch = { metadata: { labels: { [CAPABLE]: null } } };
    nodes.observe(await lab.client.merge(NODE, "n-found", patch, { fieldManager: "person" }));
    await until(
      nodes,
      () => nodes.get("n-found"),
      ({ metadata }) => metadata.labels?.[CAPABLE] === "true",
      "n-found",
    );
    await nodes.stop();
  });

  it("puts a label back that somebody took from an object", async () => {
    const patch = { metadata: { labels: { nodename: null } } };
    const options = { fieldManager: "person" };
    observer.devices.observe(await lab.client.merge(SRIOV_NETWORK_DEVICE, "n-found-eno49", patch, options));
    await observer.device("n-found-eno49", ({ metadata }) => metadata.labels?.["nodename"] === "n-found");
  });

  it("makes no second object where the label was taken from that of a renamed NIC", async () => {
    await node.hardware.rename("0000:04:00.0", "ens1");
    const patch = { metadata: { labels: { nodename: null } } };
    const options = { fieldManager: "person" };
    observer.devices.observe(await lab.client.merge(SRIOV_NETWORK_DEVICE, "n-found-eno49", patch, options));
    await observer.device("n-found-eno49", ({ status }) => status?.interfaceName === "ens1");
    const objects = observer.devices.list().filter(({ spec }) => spec.nodeName === "n-found");
    expect(objects.filter(({ spec }) => spec.address === "0000:04:00.0")).to.have.length(1);
  });
});
