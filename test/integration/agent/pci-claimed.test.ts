import { expect } from "chai";
import { Annotation, Label } from "../../../api/names.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedHardware } from "../../../lab/nodes/simulated/hardware-client.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { NEVER_UNASKED, rescan } from "./agent-process.js";
import { addressOf, nic, nics } from "./hardware.js";
import { Observer } from "./observer.js";

describe("PCIDevices that somebody claims", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let hardware: SimulatedHardware;
  let observer: Observer;
  const nameOf = (index: number): string => `n-claim-nic${index}`;
  /** The PCIDevice of VF `vf` of NIC `index`. */
  const pciName = (index: number, vf: number): string =>
    `n-claim-${addressOf(index)
      .replace("00.0", `10.${vf * 2}`)
      .replace(/[:.]/g, "")}`;

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    node = await lab.addSimulatedNode("n-claim", { spec: { nics: nics(6) }, agentArgs: NEVER_UNASKED });
    hardware = node.hardware;
  });
  after(() => observer.stop());

  async function configure(index: number, count: number): Promise<void> {
    await observer.declare(nameOf(index), count);
    await observer.configured(nameOf(index), count);
  }

  /** The same though VFs that go are claimed, by somebody who may disrupt and says so. */
  async function configureAllTheSame(index: number, count: number): Promise<void> {
    const name = nameOf(index);
    const { uid } = observer.devices.get(name)?.metadata ?? {};
    const metadata = { name, uid, annotations: { [Annotation.allowDisruption]: String(count) } };
    const object = { metadata, spec: { numVFS: count } };
    observer.devices.observe(await lab.client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: "person" }));
    await observer.configured(name, count);
  }

  /** As Harvester makes one: it has the PCIDevice as its owner, so that the garbage collector takes it along. */
  async function claim(name: string): Promise<PciDeviceClaim> {
    const device = await lab.client.get(PCI_DEVICE, name);
    const { address = "", nodeName = "" } = device.status ?? {};
    const owner = { apiVersion: PCI_DEVICE.apiVersion, kind: PCI_DEVICE.kind, name, uid: device.metadata.uid ?? "" };
    const object: PciDeviceClaim = {
      metadata: { name, ownerReferences: [owner] },
      spec: { address, nodeName, userName: "alice" },
    };
    return lab.client.create(PCI_DEVICE_CLAIM, object, { fieldManager: "person" });
  }

  const isAbsent = ({ metadata, status }: PciDevice): boolean =>
    metadata.labels?.[Label.absent] === "true" && status?.kernelDriverInUse === "";
  const isBack = ({ metadata, status }: PciDevice): boolean =>
    metadata.labels?.[Label.absent] === undefined && status?.kernelDriverInUse === "vfio-pci";

  /** Resolves when the agent knows, and has told, who uses the first VF. */
  async function knowsUser(index: number, isSo: (usedBy: string | undefined) => boolean): Promise<void> {
    await observer.device(nameOf(index), ({ status }) => isSo(status?.virtualFunctions?.[0]?.usedBy));
  }

  /** A NIC with two VFs, the first of which is claimed; resolves with that one's PCIDevice. */
  async function claimed(index: number): Promise<PciDevice> {
    await configure(index, 2);
    await observer.pciDevicesOf(nameOf(index));
    await claim(pciName(index, 0));
    await knowsUser(index, (usedBy) => usedBy !== undefined);
    return observer.pciDevice(pciName(index, 0), isBack);
  }

  describe("while their NIC is unplugged", () => {
    let claimedBefore: PciDevice;
    const [device, unclaimed] = [pciName(0, 0), pciName(0, 1)];
    before(async () => {
      claimedBefore = await claimed(0);
      await hardware.unplug(addressOf(0));
      rescan(lab.run, node);
      await observer.ready(nameOf(0), "DeviceGone");
    });

    it("stay, and say that they are away", async () => {
      const { metadata } = await observer.pciDevice(device, isAbsent);
      expect(metadata.uid).to.equal(claimedBefore.metadata.uid);
    });

    it("keep their claim", async () => {
      expect((await lab.client.get(PCI_DEVICE_CLAIM, device)).spec.userName).to.equal("alice");
    });

    it("are not joined by those that nobody claims", () => observer.noPciDevice(unclaimed));

    it("are the same when it is back", async () => {
      await hardware.plug(nic(0));
      rescan(lab.run, node);
      await observer.configured(nameOf(0), 2);
      const { metadata } = await observer.pciDevice(device, isBack);
      expect(metadata.uid).to.equal(claimedBefore.metadata.uid);
    });
  });

  it("stay while the count is lowered, and are the same when it is raised", async () => {
    const { metadata } = await claimed(1);
    await configureAllTheSame(1, 0);
    await observer.pciDevice(pciName(1, 0), isAbsent);
    await configure(1, 2);
    expect((await observer.pciDevice(pciName(1, 0), isBack)).metadata.uid).to.equal(metadata.uid);
  });

  it("go when the claim is given up while they are away", async () => {
    await claimed(2);
    await hardware.unplug(addressOf(2));
    rescan(lab.run, node);
    await observer.pciDevice(pciName(2, 0), isAbsent);
    // An agent that has just changed a count looks again soon; this one has no reason to but the claim.
    await node.stopAgent("SIGTERM");
    await hardware.rename(addressOf(1), "started");
    await node.startAgent();
    await observer.device(nameOf(1), ({ status }) => status?.interfaceName === "started");
    await lab.client.delete(PCI_DEVICE_CLAIM, pciName(2, 0));
    await observer.noPciDevice(pciName(2, 0));
  });

  it("stay when the claim is given up while they are there", async () => {
    const { metadata } = await claimed(3);
    await lab.client.delete(PCI_DEVICE_CLAIM, pciName(3, 0));
    await knowsUser(3, (usedBy) => usedBy === undefined);
    await configure(3, 1);
    await observer.noPciDevice(pciName(3, 1));
    expect(observer.pciDevices.get(pciName(3, 0))?.metadata.uid).to.equal(metadata.uid);
  });

  describe("when the node is rebooted", () => {
    it("stay although the kernel refuses to make the VFs at first", async () => {
      const { metadata } = await claimed(4);
      await node.stopAgent("SIGKILL");
      await hardware.reboot();
      await hardware.failNext(addressOf(4), "EIO");
      const refused = observer.ready(nameOf(4), "KernelRefused");
      await node.startAgent();
      await refused;
      await observer.configured(nameOf(4), 2);
      expect((await observer.pciDevice(pciName(4, 0), isBack)).metadata.uid).to.equal(metadata.uid);
      expect((await lab.client.get(PCI_DEVICE_CLAIM, pciName(4, 0))).spec.userName).to.equal("alice");
    });

    it("are not touched, nor are those that nobody claims, where all goes well", async () => {
      await claimed(5);
      const uids = observer.pciDevicesLabelled(nameOf(5)).map(({ metadata }) => metadata.uid);
      const told: string[] = [];
      const stop = observer.pciDevices.onChange(({ kind, object }) => {
        const { labels = {}, name } = object.metadata;
        if (labels[Label.parentDevice] === nameOf(5)) told.push(`${name} ${kind} ${labels[Label.absent] ?? ""}`);
      });
      await node.stopAgent("SIGKILL");
      await hardware.reboot();
      // So that the end of the first pass can be told from what was there before.
      await hardware.rename(addressOf(5), "rebooted");
      await node.startAgent();
      const { status } = await observer.device(nameOf(5), (device) => device.status?.interfaceName === "rebooted");
      stop();
      expect(status?.vfAddresses).to.have.length(2);
      expect(told.filter((line) => /gone|true/.test(line))).to.deep.equal([]);
      expect(observer.pciDevicesLabelled(nameOf(5)).map(({ metadata }) => metadata.uid)).to.deep.equal(uids);
    });
  });
});
