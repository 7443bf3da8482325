import { expect } from "chai";
import { isDeepStrictEqual } from "node:util";
import { Label } from "../../../api/names.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { NEVER_UNASKED, rescan } from "./agent-process.js";
import { addressOf, nic, nics } from "./hardware.js";
import { Observer } from "./observer.js";
import { WITH_PCI_IDS } from "./pci-ids.js";

const FLAGS = [...WITH_PCI_IDS, ...NEVER_UNASKED];

describe("an agent that lists all PCI functions", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;
  const deviceName = (index: number): string => `n-pci-nic${index}`;
  const pciName = (address: string): string => `n-pci-${address.replace(/[:.]/g, "")}`;
  const pf = (index: number): string => pciName(addressOf(index));
  const vf = (index: number): string => pciName(addressOf(index).replace("00.0", "10.0"));
  const isListed = ({ status }: PciDevice): boolean => status !== undefined;

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    const spec = { nics: nics(6), defaultRouteInterfaces: ["nic5"] };
    node = await lab.addSimulatedNode("n-pci", { spec, agentArgs: [...FLAGS, "--pci-devices", "all"], agent: false });
    await node.hardware.setNumVfsByHand(addressOf(5), 2);
    await node.startAgent();
    await lab.awaitReport(node);
  });
  after(() => observer.stop());

  async function configure(index: number, count: number): Promise<void> {
    await observer.declare(deviceName(index), count);
    await observer.configured(deviceName(index), count);
    await observer.pciDevicesOf(deviceName(index));
  }

  let next = 20;
  /** Resolves when a look at all functions, which began after now, has ended: it lists a NIC that is plugged in. */
  async function look(): Promise<void> {
    const added = nic(next++);
    await node.hardware.plug(added);
    rescan(lab.run, node);
    await observer.pciDevice(pciName(added.address), isListed);
    await observer.ready(`n-pci-${added.name}`, "Unmanaged");
  }
  it("tells of a NIC's own function what it tells of VFs", async () => {
    const { metadata, status } = await observer.pciDevice(pf(0), isListed);
    expect(metadata.labels).to.deep.equal({ nodename: "n-pci", [Label.virtualFunction]: "false" });
    expect(metadata.ownerReferences?.map(({ kind, name }) => `${kind} ${name}`)).to.deep.equal(["Node n-pci"]);
    expect(status).to.deep.equal({
      address: "0000:01:00.0",
      vendorId: "8086",
      deviceId: "10fb",
      classId: "0200",
      iommuGroup: (await node.hardware.hardwareState()).snapshot.physicalFunctions[0]?.iommuGroup,
      nodeName: "n-pci",
      resourceName: "intel.com/82599ES_10GIGABIT_SFI_SFP_NETWORK_CONNECTION",
      description: "Ethernet controller: Intel Corporation 82599ES 10-Gigabit SFI/SFP+ Network Connection",
      kernelDriverInUse: "ixgbe",
    });
  });

  it("keeps a NIC's own PCIDevice, without a label of the VFs, through changes of its count", async () => {
    const { metadata } = await observer.pciDevice(pf(0), isListed);
    const lost: string[] = [];
    const stop = observer.pciDevices.onChange(({ kind, object }) => {
      if (kind === "gone" && object.metadata.name === pf(0)) lost.push(object.metadata.name);
    });
    for (const count of [4, 0, 2]) await configure(0, count);
    await look();
    stop();
    const kept = observer.pciDevices.get(pf(0));
    expect(lost).to.deep.equal([]);
    expect(kept?.metadata.labels).to.deep.equal({ nodename: "n-pci", [Label.virtualFunction]: "false" });
    expect(kept?.metadata.uid).to.equal(metadata.uid);
  });

  it("takes a label of the VFs from a NIC's own PCIDevice, which stays", async () => {
    await configure(1, 2);
    const { metadata } = await observer.pciDevice(pf(1), isListed);
    const labels = { [Label.parentDevice]: deviceName(1), [Label.virtualFunction]: null };
    const options = { fieldManager: "person" };
    observer.pciDevices.observe(await lab.client.merge(PCI_DEVICE, pf(1), { metadata: { labels } }, options));
    await observer.declare(deviceName(1), 0);
    await observer.configured(deviceName(1), 0);
    await look();
    // One look writes several objects at once.
    const kept = await observer.pciDevice(pf(1), (it) => isDeepStrictEqual(it.metadata.labels, metadata.labels));
    expect(kept.metadata.uid).to.equal(metadata.uid);
  });

  it("leaves the VFs of a NIC to the one that changes its count", async () => {
    await configure(2, 2);
    const told: string[] = [];
    const stop = observer.pciDevices.onChange(({ kind, object }) => {
      if (object.metadata.labels?.[Label.parentDevice] === deviceName(2)) told.push(`${object.metadata.name} ${kind}`);
    });
    await look();
    await look();
    stop();
    expect(told).to.deep.equal([]);
  });

  it("lists the VFs of a NIC that is not offered, as VFs of none", async () => {
    const { metadata } = await observer.pciDevice(vf(5), isListed);
    expect(metadata.labels).to.deep.equal({ nodename: "n-pci", [Label.virtualFunction]: "true" });
  });

  it("hands those over when the NIC is offered, as the same objects", async () => {
    const { metadata } = await observer.pciDevice(vf(5), isListed);
    await node.hardware.setDefaultRoute([]);
    rescan(lab.run, node);
    await observer.ready(deviceName(5), "Unmanaged");
    await look();
    const kept = observer.pciDevices.get(vf(5));
    expect(kept?.metadata.labels).to.include({ [Label.parentDevice]: deviceName(5) });
    expect(kept?.metadata.uid).to.equal(metadata.uid);
  });

  it("tells when a driver has changed", async () => {
    await node.hardware.unbindDriver(addressOf(3));
    rescan(lab.run, node);
    await observer.pciDevice(pf(3), ({ status }) => status?.kernelDriverInUse === "");
  });

  it("keeps labels that are somebody else's", async () => {
    const labels = { "example.com/rack": "7", [Label.virtualFunction]: null };
    const options = { fieldManager: "person" };
    observer.pciDevices.observe(await lab.client.merge(PCI_DEVICE, pf(3), { metadata: { labels } }, options));
    rescan(lab.run, node);
    const { metadata } = await observer.pciDevice(
      pf(3),
      (it) => it.metadata.labels?.[Label.virtualFunction] === "false",
    );
    expect(metadata.labels).to.include({ "example.com/rack": "7" });
  });

  it("makes one again that somebody deleted", async () => {
    const { metadata } = await observer.pciDevice(pf(3), isListed);
    await lab.client.delete(PCI_DEVICE, pf(3));
    await observer.pciDevice(pf(3), (it) => it.metadata.uid !== metadata.uid && isListed(it));
  });

  it("removes that of a function that is gone", async () => {
    await node.hardware.unplug(addressOf(3));
    rescan(lab.run, node);
    await observer.noPciDevice(pf(3));
  });

  describe("and then only those of VFs", () => {
    const harvesters = "n-pci-0000ff000";
    let claimed: PciDevice;

    before(async () => {
      await configure(4, 2);
      claimed = await observer.pciDevice(pf(4), isListed);
      const { name } = claimed.metadata;
      const spec = { address: addressOf(4), nodeName: "n-pci", userName: "alice" };
      await lab.client.create(PCI_DEVICE_CLAIM, { metadata: { name }, spec }, { fieldManager: "person" });
      const metadata = { name: harvesters, labels: { nodename: "n-pci" } };
      await node.stopAgent("SIGTERM");
      await lab.client.create(PCI_DEVICE, { metadata }, { fieldManager: "person" });
      await node.startAgent(FLAGS);
    });

    it("takes the others away", () => observer.noPciDevice(pf(0)));

    it("keeps the VFs'", async () => {
      await observer.noPciDevice(pf(0));
      expect(await observer.pciDevicesOf(deviceName(4))).to.have.length(2);
    });

    it("keeps one that is claimed, as long as it is", async () => {
      await observer.noPciDevice(pf(0));
      expect(observer.pciDevices.get(pf(4))?.metadata.uid).to.equal(claimed.metadata.uid);
      await lab.client.delete(PCI_DEVICE_CLAIM, pf(4));
      await observer.noPciDevice(pf(4));
    });

    it("leaves alone what another has made", async () => {
      await observer.noPciDevice(pf(0));
      expect(observer.pciDevices.get(harvesters)?.metadata.name).to.equal(harvesters);
    });
  });
});
