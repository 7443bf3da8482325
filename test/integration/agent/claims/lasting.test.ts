import { expect } from "chai";
import { Annotation, Label } from "../../../../api/names.js";
import { PCI_DEVICE } from "../../../../api/pci-device.js";
import { claimReady, ClaimReason, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import { ELIGIBLE, SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import { vfGroup } from "../../../unit/agent/nic.js";
import { addressOf, nic as nicSpec, nics } from "../hardware.js";
import { ClaimWorld, vfAddress } from "./claim-world.js";

describe("claims that are carried out", () => {
  let world: ClaimWorld;
  const nic = (index: number): string => `n-lasts-nic${index}`;
  const vf = (index: number, number: number): string => vfAddress(addressOf(index), number);
  const SPARE_DISK = "0000:00:1e.0";

  before(async () => {
    const functions = [{ address: SPARE_DISK, classId: "010802", driver: "nvme" }];
    world = await ClaimWorld.start("n-lasts", { spec: { nics: nics(8), functions } });
  });
  after(() => world.stop());

  async function configure(index: number, count: number): Promise<void> {
    await world.observer.declare(nic(index), count);
    await world.observer.configured(nic(index), count);
  }

  async function claimed(index: number, number: number): Promise<string> {
    await configure(index, 4);
    const address = vf(index, number);
    await world.claim(address);
    await world.says(address, ClaimReason.Enabled);
    return address;
  }

  const uidOf = (address: string) => world.claims.get(world.nameOf(address))?.metadata.uid;

  describe("while the NIC is away", () => {
    let address: string;
    let uid: string | undefined;
    before(async () => {
      address = await claimed(0, 2);
      uid = uidOf(address);
      await world.node.hardware.unplug(addressOf(0));
      world.rescan();
    });

    it("say so, and stay enabled", async () => {
      const claim = await world.says(address, ClaimReason.DeviceAway);
      expect(claimReady(claim)?.message).match(/^VF 2 of 0000:01:00\.0 \(0000:01:10\.4\) is away\. It is bound/);
      expect(claim.status).include({ passthroughEnabled: true, kernelDriverToUnbind: "ixgbevf" });
    });

    it("have the VF of the same index again when it is back", async () => {
      await world.node.hardware.plug(nicSpec(0));
      world.rescan();
      await world.says(address, ClaimReason.Enabled);
      expect(await world.driverOf(address)).equal("vfio-pci");
      expect(uidOf(address)).equal(uid);
    });

    it("can be deleted", async () => {
      await world.node.hardware.unplug(addressOf(0));
      world.rescan();
      await world.says(address, ClaimReason.DeviceAway);
      await world.release(address);
    });
  });

  it("have the VF of the same index again after the VFs were made anew, as somebody had allowed", async () => {
    const address = await claimed(1, 1);
    const name = nic(1);
    const { uid } = world.observer.devices.get(name)?.metadata ?? {};
    const metadata = { name, uid, annotations: { [Annotation.allowDisruption]: "6" } };
    const object = { metadata, spec: { numVFS: 6 } };
    await world.lab.client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: "person" });
    await world.observer.configured(name, 6);
    await world.says(address, ClaimReason.Enabled);
    expect(await world.driverOf(address)).equal("vfio-pci");
    expect(await world.driverOf(vf(1, 2))).equal("ixgbevf");
  });

  it("say that another function has come to the address, and leave it alone", async () => {
    const address = await claimed(2, 2);
    await world.node.hardware.unplug(addressOf(2));
    // Its second VF is where the third one of the other NIC was.
    await world.node.hardware.plug({ ...nicSpec(2), offset: 130 });
    world.rescan();
    // First that it is away, then that another is there.
    const words = (claim: PciDeviceClaim): string => claimReady(claim)?.message ?? "";
    const claim = await world.saysOf(address, (it) => words(it).startsWith("0000:03:10.4 is VF 1 "));
    expect(words(claim)).contain(" is VF 1 of 0000:03:00.0 now, and what is claimed is VF 2 of 0000:03:00.0.");
    expect(claimReady(claim)?.reason).equal(ClaimReason.DeviceAway);
    expect(await world.driverOf(address)).equal("ixgbevf");
  });

  describe("of a VF that a virtual machine has", () => {
    let address: string;
    before(async () => {
      address = await claimed(3, 0);
      await world.runPod("virt-launcher-vm1-x", address, "vm1");
      await world.saysOf(address, ({ status }) => status?.usedBy !== undefined);
    });

    it("name it", () => {
      expect(world.claims.get(world.nameOf(address))?.status?.usedBy).equal("virtual machine default/vm1");
    });

    it("keep the VF when they are deleted past the guard, and say why", async () => {
      // The guard trusts the status, which tells of users a moment late.
      const status = { usedBy: null };
      const asAgent = await world.lab.clientOfNode("n-lasts");
      const options = { fieldManager: "test", subresource: "status" } as const;
      await world.node.stopAgent("SIGKILL");
      await asAgent.merge(PCI_DEVICE_CLAIM, world.nameOf(address), { status }, options);
      await world.delete(address);
      await world.node.startAgent();
      const claim = await world.says(address, ClaimReason.Releasing);
      expect(claimReady(claim)?.message).match(/is in use by virtual machine default\/vm1\. Shut that down/);
      expect(claim.status).include({ usedBy: "virtual machine default/vm1", passthroughEnabled: true });
      expect(await world.driverOf(address)).equal("vfio-pci");
    });

    it("give it back once the machine is gone", async () => {
      await world.endPod("virt-launcher-vm1-x");
      await world.gone(address);
      expect(await world.driverOf(address)).equal("ixgbevf");
    });
  });

  it("give a VF back that somebody has, where somebody who may has said so", async () => {
    const address = await claimed(3, 1);
    await world.runPod("virt-launcher-vm2-x", address, "vm2");
    await world.saysOf(address, ({ status }) => status?.usedBy !== undefined);
    const metadata = { annotations: { [Annotation.allowDisruption]: "release" } };
    await world.lab.client.merge(PCI_DEVICE_CLAIM, world.nameOf(address), { metadata }, { fieldManager: "person" });
    await world.release(address);
    expect(await world.driverOf(address)).equal("ixgbevf");
    await world.endPod("virt-launcher-vm2-x");
  });

  it("go with their PCIDevice when somebody deletes that, and the VF is given back and listed anew", async () => {
    const address = await claimed(4, 0);
    const { uid } = world.observer.pciDevices.get(world.nameOf(address))?.metadata ?? {};
    await world.lab.client.delete(PCI_DEVICE, world.nameOf(address));
    await world.gone(address);
    await world.observer.pciDevice(
      world.nameOf(address),
      ({ metadata, status }) => metadata.uid !== uid && status?.kernelDriverInUse === "ixgbevf",
    );
    expect(await world.driverOf(address)).equal("ixgbevf");
  });

  describe("of a NIC itself", () => {
    const isEligible = ({ status }: SriovNetworkDevice) => status?.conditions?.find(({ type }) => type === ELIGIBLE);

    it("bind it, and let no VFs be made", async () => {
      await world.observer.ready(nic(5), "Unmanaged");
      await world.claim(addressOf(5));
      await world.says(addressOf(5), ClaimReason.Enabled);
      expect(await world.driverOf(addressOf(5))).equal("vfio-pci");
      await world.observer.device(nic(5), (device) => isEligible(device)?.reason === "Claimed");
      await world.observer.declare(nic(5), 2);
      const { status } = await world.observer.ready(nic(5), "NotEligible");
      expect(status?.conditions?.[0]?.message).contain(
        "the NIC itself is for virtual machines, by claim n-lasts-000006000 of alice",
      );
      expect(await world.node.numVfs(addressOf(5))).equal(0);
    });

    it("give it back, and then the VFs are made that were asked for", async () => {
      await world.release(addressOf(5));
      await world.observer.configured(nic(5), 2);
      expect(await world.driverOf(addressOf(5))).equal("ixgbe");
    });

    it("take its PCIDevice along, which was made for them alone", () =>
      world.observer.noPciDevice(world.nameOf(addressOf(5))));
  });

  it("bind a device that is no network device, which has a PCIDevice for as long", async () => {
    await world.claim(SPARE_DISK, { disableResourcePooling: true });
    const { status } = await world.says(SPARE_DISK, ClaimReason.Enabled);
    expect(status).include({ kernelDriverToUnbind: "nvme" }).and.not.have.property("virtualFunction");
    expect(status?.resourceName).match(/\/n-lasts-0000001e0$/);
    const { metadata } = await world.observer.pciDevice(
      world.nameOf(SPARE_DISK),
      (device) => device.status?.kernelDriverInUse === "vfio-pci",
    );
    expect(metadata.labels).include({ [Label.virtualFunction]: "false" });
    await world.release(SPARE_DISK);
    await world.observer.noPciDevice(world.nameOf(SPARE_DISK));
  });

  describe("of a VF that has vfio-pci already", () => {
    it("leave it so when they are deleted, if somebody else had bound it", async () => {
      await configure(6, 2);
      await world.node.hardware.bindDriverByHand(vf(6, 0), "vfio-pci");
      await world.claim(vf(6, 0));
      const { status } = await world.says(vf(6, 0), ClaimReason.Enabled);
      expect(status?.kernelDriverToUnbind).equal("vfio-pci");
      await world.release(vf(6, 0));
      expect(await world.driverOf(vf(6, 0))).equal("vfio-pci");
    });

    it("leave it so if it has come into a group that guests have meanwhile", async () => {
      await world.claim(vf(6, 1));
      await world.says(vf(6, 1), ClaimReason.Enabled);
      const { uid } = world.observer.devices.get(nic(6))?.metadata ?? {};
      const vfGroups = [vfGroup("0-1", { deviceType: "vfio-pci", policyName: "machines" })];
      const object = { metadata: { name: nic(6), uid }, spec: { vfGroups } };
      await world.lab.client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: "policies" });
      await world.observer.configured(nic(6), 2);
      await world.release(vf(6, 1));
      expect(await world.driverOf(vf(6, 1))).equal("vfio-pci");
    });
  });

  it("are carried out again where somebody has given the VF to its network driver by hand", async () => {
    const address = await claimed(7, 0);
    await world.node.hardware.bindDriverByHand(address, "ixgbevf");
    world.rescan();
    await world.event(address, "Bound");
    while ((await world.driverOf(address)) !== "vfio-pci") await world.saysOf(address, () => true);
    await world.says(address, ClaimReason.Enabled);
  });

  it("have their VFs again after a restart of the node, and nothing is told meanwhile", async () => {
    const address = vf(7, 0);
    const uid = uidOf(address);
    const told: (string | undefined)[] = [];
    const stop = world.claims.onChange(({ object }) => {
      if (object.metadata.name === world.nameOf(address)) told.push(claimReady(object)?.reason);
    });
    await world.node.stopAgent("SIGKILL");
    await world.node.hardware.reboot();
    // So that the end of the first pass can be told from what was there before.
    await world.node.hardware.rename(addressOf(7), "rebooted");
    await world.node.startAgent();
    await world.observer.device(nic(7), ({ status }) => status?.interfaceName === "rebooted");
    expect(await world.driverOf(address)).equal("vfio-pci");
    expect(await world.driverOf(vf(7, 1))).equal("ixgbevf");
    expect(uidOf(address)).equal(uid);
    // A claim that is made now is looked at after those that were there.
    await world.claim(vf(7, 2));
    await world.says(vf(7, 2), ClaimReason.Enabled);
    stop();
    expect(told).deep.equal([]);
  });
});
