import { expect } from "chai";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedHardware } from "../../../lab/nodes/simulated/hardware-client.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { rescan } from "./agent-process.js";
import { addressOf, countsWritten, nic, nics } from "./hardware.js";
import { Observer } from "./observer.js";

describe("an agent whose hardware lives its own life", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let hardware: SimulatedHardware;
  let observer: Observer;
  const nameOf = (index: number): string => `n-life-nic${index}`;
  const vf = (index: number): string => addressOf(index).replace("00.0", "10.0");

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    node = await lab.addSimulatedNode("n-life", { spec: { nics: nics(10) }, agent: false });
    hardware = node.hardware;
    await hardware.setNumVfsByHand(addressOf(0), 3);
    await node.startAgent();
    await lab.awaitReport(node);
  });
  after(() => observer.stop());

  async function configure(index: number, count: number): Promise<void> {
    await observer.device(nameOf(index), ({ status }) => status !== undefined);
    await observer.declare(nameOf(index), count);
    await observer.configured(nameOf(index), count);
    await observer.pciDevicesOf(nameOf(index));
  }

  /** Resolves when a pass over this NIC, which began after now, has ended. */
  async function lookAt(index: number): Promise<void> {
    const name = `seen${Math.random().toString(36).slice(2, 8)}`;
    await hardware.rename(addressOf(index), name);
    rescan(lab.run, node);
    await observer.device(nameOf(index), ({ status }) => status?.interfaceName === name);
  }

  describe("VFs that were there first", () => {
    it("stay, and are reported as nobody's", async () => {
      const { status } = await observer.ready(nameOf(0), "Unmanaged");
      expect(status?.conditions?.[0]).to.include({ status: "True" });
      expect(status?.vfAddresses).to.have.length(3);
      expect(await countsWritten(hardware, addressOf(0))).to.deep.equal([3]);
    });

    it("have PCIDevices", async () => {
      await observer.ready(nameOf(0), "Unmanaged");
      expect(await observer.pciDevicesOf(nameOf(0))).to.have.length(3);
    });

    it("become what somebody declares, 0 included", async () => {
      await configure(0, 0);
      expect(await countsWritten(hardware, addressOf(0))).to.deep.equal([3, 0]);
    });
  });

  it("makes an object again that somebody deleted, and keeps the VFs", async () => {
    await configure(1, 2);
    const before = observer.devices.get(nameOf(1));
    await lab.client.delete(SRIOV_NETWORK_DEVICE, nameOf(1));
    const isReported = ({ metadata, status }: SriovNetworkDevice): boolean =>
      metadata.uid !== before?.metadata.uid && status?.vfAddresses !== undefined;
    const { status } = await observer.device(nameOf(1), isReported);
    expect(await countsWritten(hardware, addressOf(1))).to.deep.equal([2]);
    expect(status?.vfAddresses).to.deep.equal(before?.status?.vfAddresses);
    expect(status?.conditions?.[0]).to.include({ type: "Ready", reason: "Unmanaged" });
  });

  it("keeps the object when the NIC is renamed, and the VFs, and tells the new name", async () => {
    await configure(2, 2);
    await hardware.rename(addressOf(2), "ens7");
    rescan(lab.run, node);
    const { metadata } = await observer.device(nameOf(2), ({ status }) => status?.interfaceName === "ens7");
    const ofNic = observer.devices
      .list()
      .filter(({ spec }) => spec.nodeName === "n-life" && spec.address === addressOf(2));
    expect(ofNic.map((object) => object.metadata.name)).to.deep.equal([nameOf(2)]);
    expect(await countsWritten(hardware, addressOf(2))).to.deep.equal([2]);
    expect(metadata.annotations).to.include({ "sriov.devices.harvesterhi.io/interface-name": "ens7" });
  });

  describe("a NIC that is pulled out", () => {
    before(() => configure(3, 2));

    it("is reported as gone, and nothing is left of its VFs", async () => {
      await hardware.unplug(addressOf(3));
      rescan(lab.run, node);
      const { status } = await observer.ready(nameOf(3), "DeviceGone");
      expect(status?.status).to.equal("sriovNetworkDeviceDisabled");
      expect([status?.vfAddresses, status?.vfPCIDevices, status?.virtualFunctions]).to.deep.equal([[], [], []]);
      expect(await observer.pciDevicesOf(nameOf(3))).to.deep.equal([]);
    });

    it("gets its VFs again when it is put back", async () => {
      await hardware.plug(nic(3));
      rescan(lab.run, node);
      await observer.configured(nameOf(3), 2);
      expect(await observer.pciDevicesOf(nameOf(3))).to.have.length(2);
    });

    it("is reported with a smaller maximum where another is put in its place", async () => {
      await hardware.unplug(addressOf(3));
      await hardware.plug({ ...nic(3), totalVfs: 1 });
      rescan(lab.run, node);
      const { status } = await observer.ready(nameOf(3), "TooManyVFs");
      expect(status?.totalVFs).to.equal(1);
      expect(status?.conditions?.[0]?.message).to.equal(
        "n-life-nic3 supports at most 1 VF, not 2. Ask for fewer, or raise the maximum in the NIC's firmware.",
      );
    });

    it("can be given what the other has", () => configure(3, 1));
  });

  it("tells what the kernel refused in its words, and tries again by itself", async () => {
    await observer.ready(nameOf(4), "Unmanaged");
    await hardware.failNext(addressOf(4), "EIO");
    const refused = observer.ready(nameOf(4), "KernelRefused");
    await observer.declare(nameOf(4), 2);
    const message = (await refused).status?.conditions?.[0]?.message;
    expect(message).to.include("write 2").and.to.include("input/output error (EIO)");
    await observer.configured(nameOf(4), 2);
    expect(await countsWritten(hardware, addressOf(4))).to.deep.equal([2, 2]);
  });

  describe("VFs that a guest has", () => {
    before(async () => {
      await configure(5, 2);
      await hardware.setInUse(vf(5), true);
    });

    it("are not destroyed, and the object says why", async () => {
      await observer.declare(nameOf(5), 4);
      const { status } = await observer.ready(nameOf(5), "InUse");
      expect(status?.conditions?.[0]?.message).to.include("device or resource busy (EBUSY)");
      expect(status?.vfAddresses).to.have.length(2);
      expect(await node.numVfs(addressOf(5))).to.equal(2);
    });

    it("stay configured when the count is set back", () => configure(5, 2));

    it("are asked for again with pauses, not with every look", async () => {
      await observer.declare(nameOf(5), 5);
      await observer.ready(nameOf(5), "InUse");
      await hardware.clearWrites();
      // Looks that end well before the first pause does.
      await lookAt(5);
      await lookAt(5);
      expect((await countsWritten(hardware, addressOf(5))).length).to.be.below(2);
      await observer.declare(nameOf(5), 2);
      await observer.configured(nameOf(5), 2);
    });

    it("go when the guest has let go of them", async () => {
      await observer.declare(nameOf(5), 3);
      await observer.ready(nameOf(5), "InUse");
      await hardware.setInUse(vf(5), false);
      await observer.configured(nameOf(5), 3);
    });
  });

  describe("a driver that makes fewer VFs than it was asked for", () => {
    before(() => hardware.setEnableLimit(addressOf(6), 3));

    it("is reported with what there is", async () => {
      await observer.device(nameOf(6), ({ status }) => status !== undefined);
      await observer.declare(nameOf(6), 5);
      const { status } = await observer.ready(nameOf(6), "KernelRefused");
      expect(status?.vfAddresses).to.have.length(3);
      expect(status?.conditions?.[0]?.message).to.include("took 5 without an error, but the NIC has 3 VFs");
      expect(await observer.pciDevicesOf(nameOf(6))).to.have.length(3);
    });

    it("is not asked again, which would destroy those", async () => {
      await lookAt(6);
      expect(await countsWritten(hardware, addressOf(6))).to.deep.equal([5]);
    });

    it("is asked again for another count", async () => {
      await hardware.setEnableLimit(addressOf(6), undefined);
      await configure(6, 4);
    });
  });

  it("calls VFs configured when they have drivers and interfaces, not before", async () => {
    await hardware.setDelays({ driver: 100 });
    await observer.device(nameOf(7), ({ status }) => status !== undefined);
    await observer.declare(nameOf(7), 2);
    const { status } = await observer.configured(nameOf(7), 2);
    const found = status?.virtualFunctions?.map(({ driver, interfaceName }) => [driver, interfaceName]);
    expect(found).to.deep.equal([
      ["ixgbevf", "nic7v0"],
      ["ixgbevf", "nic7v1"],
    ]);
    await hardware.setDelays({ driver: 0 });
  });

  it("learns the names that interfaces get late, without being asked", async () => {
    await hardware.setDelays({ name: 300 });
    await observer.declare(nameOf(7), 3);
    await observer.device(nameOf(7), ({ status }) =>
      (status?.virtualFunctions ?? []).some(({ interfaceName }) => interfaceName === "nic7v2"),
    );
    await hardware.setDelays({ name: 0 });
  });

  it("repairs a count that somebody changed by hand", async () => {
    await configure(8, 2);
    await hardware.setNumVfsByHand(addressOf(8), 0);
    await lookAt(8);
    expect(await node.numVfs(addressOf(8))).to.equal(2);
  });

  it("leaves a count that somebody changed by hand where a VF is in use by then, and says that", async () => {
    await hardware.setNumVfsByHand(addressOf(8), 0);
    await hardware.setNumVfsByHand(addressOf(8), 1);
    await hardware.setInterfaceElsewhere(vf(8), true);
    rescan(lab.run, node);
    const { status } = await observer.ready(nameOf(8), "InUse");
    expect(status?.conditions?.[0]?.message).to.include("somebody changed the count from 2 to 1 past the agent");
    expect(status?.vfAddresses).to.have.length(1);
    await hardware.setInterfaceElsewhere(vf(8), false);
    rescan(lab.run, node);
    await observer.configured(nameOf(8), 2);
  });

  it("sets a NIC's own interface up once it has VFs", async () => {
    await hardware.unplug(addressOf(9));
    await hardware.plug({ ...nic(9), interfaces: [{ name: "nic9", linkState: "down" }] });
    rescan(lab.run, node);
    await configure(9, 1);
    const found = (await hardware.hardwareState()).snapshot.physicalFunctions[9];
    expect(found?.interfaces[0]?.up).to.equal(true);
  });

  it("looks after the other NICs while one cannot be read", async () => {
    await hardware.setUnreadable(addressOf(9), "EIO");
    await lookAt(8);
    await hardware.setUnreadable(addressOf(9), undefined);
    await configure(9, 1);
  });

  describe("a node that is rebooted", () => {
    it("gets the VFs back that were declared, and no others", async () => {
      await hardware.reboot();
      rescan(lab.run, node);
      await observer.device(nameOf(1), ({ status }) => status?.vfAddresses?.length === 0);
      const declared: [number, number][] = [
        [0, 0],
        [3, 1],
        [4, 2],
        [5, 3],
        [8, 2],
        [9, 1],
      ];
      for (const [index, count] of declared) {
        await lookAt(index);
        expect(await node.numVfs(addressOf(index)), nameOf(index)).to.equal(count);
        await observer.configured(nameOf(index), count);
      }
    });
  });
});
