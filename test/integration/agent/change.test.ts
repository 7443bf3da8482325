import { expect } from "chai";
import { isDeepStrictEqual } from "node:util";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { addressOf, countsWritten, nics } from "./hardware.js";
import { Observer, until } from "./observer.js";
import { WITH_PCI_IDS } from "./pci-ids.js";

describe("an agent that changes a VF count", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    node = await lab.addSimulatedNode("n-change", { spec: { nics: nics(5) }, agentArgs: WITH_PCI_IDS });
  });
  after(() => observer.stop());

  describe("from 0 to 4 to 6 to 0", () => {
    const name = "n-change-nic0";
    const hardware = async () => (await node.hardware.hardwareState()).snapshot.physicalFunctions[0];

    it("reports four VFs as the hardware has them", async () => {
      await observer.declare(name, 4);
      const { status } = await observer.configured(name, 4);
      const vfs = (await hardware())?.virtualFunctions ?? [];
      expect(status?.status).to.equal("sriovNetworkDeviceEnabled");
      expect(status?.vfAddresses).to.deep.equal(vfs.map(({ address }) => address));
      expect(status?.virtualFunctions?.map((vf) => vf.interfaceName)).to.deep.equal([
        "nic0v0",
        "nic0v1",
        "nic0v2",
        "nic0v3",
      ]);
    });

    it("has made a PCIDevice for each", async () => {
      const objects = await observer.pciDevicesOf(name);
      const vfs = (await hardware())?.virtualFunctions ?? [];
      expect(objects.map(({ status }) => status?.address)).to.deep.equal(vfs.map(({ address }) => address));
    });

    it("tells in a PCIDevice what Harvester tells", async () => {
      const [first] = await observer.pciDevicesOf(name);
      expect(first?.metadata.labels).to.deep.equal({
        nodename: "n-change",
        "harvesterhci.io/parent-sriov-network-device": name,
        "devices.harvesterhci.io/virtual-function": "true",
      });
      expect(first?.status).to.deep.equal({
        address: "0000:01:10.0",
        vendorId: "8086",
        deviceId: "10ed",
        classId: "0200",
        iommuGroup: (await hardware())?.virtualFunctions[0]?.iommuGroup,
        nodeName: "n-change",
        resourceName: "intel.com/82599_ETHERNET_CONTROLLER_VIRTUAL_FUNCTION",
        description: "Ethernet controller: Intel Corporation 82599 Ethernet Controller Virtual Function",
        kernelDriverInUse: "ixgbevf",
      });
    });

    it("goes on to six", async () => {
      await observer.declare(name, 6);
      await observer.configured(name, 6);
      expect(await observer.pciDevicesOf(name)).to.have.length(6);
    });

    it("goes back to none, of which nothing is left", async () => {
      await observer.declare(name, 0);
      const { status } = await observer.configured(name, 0);
      expect(status?.status).to.equal("sriovNetworkDeviceDisabled");
      expect([status?.vfAddresses, status?.vfPCIDevices, status?.virtualFunctions]).to.deep.equal([[], [], []]);
      expect(await observer.pciDevicesOf(name)).to.deep.equal([]);
    });

    it("has written to the hardware exactly what was planned", async () => {
      expect(await countsWritten(node.hardware, addressOf(0))).to.deep.equal([4, 0, 6, 0]);
    });
  });

  it("answers a new generation before the kernel does", async () => {
    const name = "n-change-nic1";
    await node.hardware.hang(addressOf(1), true);
    await observer.declare(name, 3);
    const { status } = await observer.ready(name, "Configuring");
    expect(status?.conditions?.[0]).to.include({ status: "False", message: "changing the count to 3" });
    await node.hardware.hang(addressOf(1), false);
    await observer.configured(name, 3);
  });

  it("answers the generations of an object that was made anew, too", async () => {
    const name = "n-change-nic1";
    await observer.declare(name, 2);
    const { metadata } = await observer.configured(name, 2);
    await lab.client.delete(SRIOV_NETWORK_DEVICE, name);
    await observer.device(name, (device) => device.metadata.uid !== metadata.uid && device.status !== undefined);
    await node.hardware.hang(addressOf(1), true);
    await observer.declare(name, 4);
    await observer.ready(name, "Configuring");
    await node.hardware.hang(addressOf(1), false);
    await observer.configured(name, 4);
  });

  it("carries out the latest of several changes that came during one", async () => {
    const name = "n-change-nic2";
    await node.hardware.hang(addressOf(2), true);
    await observer.declare(name, 1);
    await observer.ready(name, "Configuring");
    for (const count of [2, 3, 4]) await observer.declare(name, count);
    await node.hardware.hang(addressOf(2), false);
    await observer.configured(name, 4);
    expect(await countsWritten(node.hardware, addressOf(2))).to.deep.equal([1, 0, 4]);
  });

  it("has a NIC that hangs hold up no other", async () => {
    await node.hardware.hang(addressOf(3), true);
    await observer.declare("n-change-nic3", 2);
    await observer.ready("n-change-nic3", "Configuring");
    await observer.declare("n-change-nic4", 2);
    await observer.configured("n-change-nic4", 2);
    await node.hardware.hang(addressOf(3), false);
    await observer.configured("n-change-nic3", 2);
  });

  it("makes a PCIDevice again that somebody deleted", async () => {
    const [first] = await observer.pciDevicesOf("n-change-nic4");
    await lab.client.delete(PCI_DEVICE, first?.metadata.name ?? "");
    observer.pciDevices.forget(first ?? { metadata: { name: "" } });
    expect((await observer.pciDevicesOf("n-change-nic4")).map(({ metadata }) => metadata.uid)).not.to.include(
      first?.metadata.uid,
    );
  });

  it("puts the labels back that somebody took from a PCIDevice", async () => {
    const [first] = await observer.pciDevicesOf("n-change-nic4");
    const { name = "", labels } = first?.metadata ?? {};
    const none = Object.fromEntries(Object.keys(labels ?? {}).map((label) => [label, null]));
    const options = { fieldManager: "person" };
    observer.pciDevices.observe(await lab.client.merge(PCI_DEVICE, name, { metadata: { labels: none } }, options));
    const isBack = (object: PciDevice): boolean => isDeepStrictEqual(object.metadata.labels, labels);
    await until(observer.pciDevices, () => observer.pciDevices.get(name), isBack, name);
  });

  it("tells again what somebody took from the status", async () => {
    const name = "n-change-nic4";
    const options = { fieldManager: "person", subresource: "status" } as const;
    // By its own credentials, since nobody else may.
    const agent = await lab.clientOfNode("n-change");
    const wiped = await agent.merge(SRIOV_NETWORK_DEVICE, name, { status: { totalVFs: null } }, options);
    observer.devices.observe(wiped);
    await observer.device(name, ({ status }) => status?.totalVFs === 16);
  });
});
