import { expect } from "chai";
import { CLAIM_FINALIZER, ClaimReason, claimReady, PCI_DEVICE_CLAIM } from "../../../../api/pci-device-claim.js";
import { addressOf, nics } from "../hardware.js";
import { ClaimWorld, vfAddress } from "./claim-world.js";

describe("an agent with claims for its node's VFs", () => {
  let world: ClaimWorld;
  const nic = (index: number): string => `n-claims-nic${index}`;
  const vf = (index: number, number: number): string => vfAddress(addressOf(index), number);

  before(async () => {
    world = await ClaimWorld.start("n-claims", { spec: { nics: nics(2) } });
    await world.observer.ready(nic(0), "Unmanaged");
    await world.observer.declare(nic(0), 4);
    await world.observer.configured(nic(0), 4);
  });
  after(() => world.stop());

  describe("when a free VF is claimed", () => {
    before(async () => {
      await world.claim(vf(0, 1));
      await world.says(vf(0, 1), ClaimReason.Enabled);
    });

    it("binds it to vfio-pci", async () => {
      expect(await world.driverOf(vf(0, 1))).equal("vfio-pci");
    });

    it("says which driver it had, which VF it is, and under what name it is offered", () => {
      const { status } = world.claims.get(world.nameOf(vf(0, 1))) ?? {};
      expect(status).deep.include({
        kernelDriverToUnbind: "ixgbevf",
        passthroughEnabled: true,
        resourceName: world.observer.pciDevices.get(world.nameOf(vf(0, 1)))?.status?.resourceName,
        virtualFunction: { physicalFunction: addressOf(0), index: 1 },
        observedGeneration: 1,
      });
      expect(status).not.have.property("usedBy");
    });

    it("has the claim go with its PCIDevice, and not before the VF is given back", () => {
      const { metadata } = world.claims.get(world.nameOf(vf(0, 1))) ?? {};
      const { uid } = world.observer.pciDevices.get(world.nameOf(vf(0, 1)))?.metadata ?? {};
      expect(metadata?.finalizers).deep.equal([CLAIM_FINALIZER]);
      expect(metadata?.ownerReferences).deep.equal([
        { apiVersion: "devices.harvesterhci.io/v1beta1", kind: "PCIDevice", name: world.nameOf(vf(0, 1)), uid },
      ]);
    });

    it("tells of the driver on its PCIDevice", () => {
      const { status } = world.observer.pciDevices.get(world.nameOf(vf(0, 1))) ?? {};
      expect(status?.kernelDriverInUse).equal("vfio-pci");
    });

    it("tells of the driver on its NIC", async () => {
      await world.observer.device(nic(0), ({ status }) => status?.virtualFunctions?.[1]?.driver === "vfio-pci");
    });

    it("leaves the other VFs, of the same vendor and device, alone", async () => {
      for (const other of [0, 2, 3]) expect(await world.driverOf(vf(0, other))).equal("ixgbevf");
    });

    it("tells of it as an event", async () => {
      expect(await world.event(vf(0, 1), "Bound")).match(/^0000:01:10\.2 is bound to vfio-pci, as /);
    });

    it("says of a new user's name that it has seen it", async () => {
      const spec = { userName: "bob" };

      await world.lab.client.merge(PCI_DEVICE_CLAIM, world.nameOf(vf(0, 1)), { spec }, { fieldManager: "person" });
      await world.saysOf(vf(0, 1), ({ status }) => status?.observedGeneration === 2);
    });

    it("writes nothing where nothing has changed", async () => {
      const before = world.claims.get(world.nameOf(vf(0, 1)))?.metadata.resourceVersion;
      await world.node.hardware.rename(addressOf(0), "seen");
      world.rescan();
      await world.observer.device(nic(0), ({ status }) => status?.interfaceName === "seen");
      // Another claim's pass ends after that of this one.
      await world.claim(vf(0, 2));
      await world.says(vf(0, 2), ClaimReason.Enabled);
      expect(world.claims.get(world.nameOf(vf(0, 1)))?.metadata.resourceVersion).equal(before);
    });

    it("gives it back when the claim is deleted", async () => {
      await world.release(vf(0, 1));
      expect(await world.driverOf(vf(0, 1))).equal("ixgbevf");
      const { status } = world.observer.pciDevices.get(world.nameOf(vf(0, 1))) ?? {};
      expect(status?.kernelDriverInUse).equal("ixgbevf");
    });

    it("tells of that as an event", async () => {
      expect(await world.event(vf(0, 1), "Released")).equal("0000:01:10.2 is not claimed any more, and has ixgbevf");
    });
  });

  it("binds a VF that is claimed before it is there, once it is", async () => {
    await world.claim(vf(1, 1));
    const message = await world.words(vf(1, 1), ClaimReason.DeviceAway);
    expect(message).match(/^n-claims has no PCI function at 0000:02:10\.2\. It is bound to vfio-pci as soon as/);
    await world.observer.declare(nic(1), 2);
    const claim = await world.says(vf(1, 1), ClaimReason.Enabled);
    expect(claimReady(claim)?.status).equal("True");
    expect(await world.driverOf(vf(1, 1))).equal("vfio-pci");
  });

  it("gives each of several claims of one NIC its own VF", async () => {
    await world.observer.configured(nic(1), 2);
    await world.claim(vf(1, 0));
    await world.says(vf(1, 0), ClaimReason.Enabled);
    expect(await world.driverOf(vf(1, 0))).equal("vfio-pci");
  });
});
