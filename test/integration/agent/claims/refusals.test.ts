import { expect } from "chai";
import { Annotation } from "../../../../api/names.js";
import { CLAIM_FINALIZER, claimReady, ClaimReason, PCI_DEVICE_CLAIM } from "../../../../api/pci-device-claim.js";
import type { HardwareSpec } from "../../../../lab/nodes/simulated/hardware.js";
import { addressOf, nic as nicSpec } from "../hardware.js";
import { ClaimWorld, vfAddress } from "./claim-world.js";

const BRIDGE = "0000:00:1c.0";
const DISK = "0000:00:1f.2";
const SPARE_DISK = "0000:00:1e.0";

const SPEC: HardwareSpec = {
  nics: [
    nicSpec(0),
    nicSpec(1),
    { ...nicSpec(2), iommuGroup: "shared" },
    { ...nicSpec(3), iommu: false },
    nicSpec(4),
    nicSpec(5),
  ],
  functions: [
    { address: BRIDGE, driver: "pcieport" },
    { address: DISK, classId: "010601", driver: "ahci", mounts: ["sda2 at /", "sda3 as swap"] },
    { address: SPARE_DISK, classId: "010802", driver: "nvme" },
  ],
};

describe("an agent with claims that it cannot carry out", () => {
  let world: ClaimWorld;
  const nic = (index: number): string => `n-refuses-nic${index}`;
  const vf = (index: number, number: number): string => vfAddress(addressOf(index), number);

  before(async () => {
    world = await ClaimWorld.start("n-refuses", { spec: SPEC });
    for (const index of [0, 2, 3, 4]) {
      await world.observer.ready(nic(index), "Unmanaged");
      await world.observer.declare(nic(index), 4);
      await world.observer.configured(nic(index), 4);
    }
  });
  after(() => world.stop());

  /** Resolves with the words; the device has the driver that it had. */
  async function refused(address: string, reason: ClaimReason): Promise<string> {
    await world.claim(address);
    const words = await world.words(address, reason);
    const { metadata, status } = world.claims.get(world.nameOf(address)) ?? {};
    expect(status).include({ passthroughEnabled: false }).and.not.have.any.keys("usedBy", "resourceName");
    expect(metadata?.finalizers ?? []).deep.equal([]);
    return words;
  }

  describe("since a pod has the VF", () => {
    before(() => world.runPod("router-0", vf(0, 1)));

    it("names the pod", async () => {
      expect(await refused(vf(0, 1), ClaimReason.InUse)).equal(
        "0000:01:10.2 is not taken from ixgbevf: it is in use by pod default/router-0. Release it there, or claim " +
          "another device.",
      );
      expect(await world.driverOf(vf(0, 1))).equal("ixgbevf");
    });

    it("tells of it as an event", async () => {
      expect(await world.event(vf(0, 1), "ClaimRefused")).match(/in use by pod default\/router-0/);
    });

    it("goes on once the pod is gone", async () => {
      await world.endPod("router-0");
      await world.says(vf(0, 1), ClaimReason.Enabled);
    });
  });

  it("leaves a VF that is part of a bridge, until it is none any more", async () => {
    await world.node.hardware.setUppers("nic0v2", ["br0"]);
    expect(await refused(vf(0, 2), ClaimReason.InUse)).contain("it is in use by interface nic0v2 in br0.");
    await world.node.hardware.setUppers("nic0v2", []);
    world.rescan();
    await world.says(vf(0, 2), ClaimReason.Enabled);
  });

  it("leaves a VF whose interface is in another network namespace", async () => {
    await world.node.hardware.setInterfaceElsewhere(vf(0, 3), true);
    expect(await refused(vf(0, 3), ClaimReason.InUse)).contain("it is in use by another network namespace.");
  });

  describe("since the IOMMU group has others in use", () => {
    it("names those", async () => {
      expect(await refused(vf(2, 0), ClaimReason.GroupInUse)).match(
        /also has 0000:03:10\.2 \(ixgbevf\), 0000:03:10\.4 \(ixgbevf\), 0000:03:10\.6 \(ixgbevf\), and the node uses them\./,
      );
    });

    it("goes on once they have no driver of the node any more", async () => {
      for (const other of [1, 2, 3]) await world.node.hardware.unbindDriver(vf(2, other));
      world.rescan();
      await world.says(vf(2, 0), ClaimReason.Enabled);
    });
  });

  it("says that there is no IOMMU", async () => {
    expect(await refused(vf(3, 0), ClaimReason.NoIommu)).contain("Switch the IOMMU on");
  });

  it("leaves the NIC that has the node's default route, and goes on once it has not", async () => {
    await world.node.hardware.setDefaultRoute(["nic5"]);
    world.rescan();
    await world.observer.device(
      nic(5),
      ({ status }) => status?.conditions?.some((it) => it.reason === "DefaultRoute") ?? false,
    );
    expect(await refused(addressOf(5), ClaimReason.NotEligible)).contain(
      "nic5 carries the node's default route (nic5).",
    );
    await world.node.hardware.setDefaultRoute([]);
    world.rescan();
    await world.says(addressOf(5), ClaimReason.Enabled);
  });

  it("leaves a NIC that has VFs, and goes on once it has none", async () => {
    expect(await refused(addressOf(4), ClaimReason.NotEligible)).contain("it has 4 virtual functions, which would go.");
    await world.observer.declare(nic(4), 0);
    await world.says(addressOf(4), ClaimReason.Enabled);
  });

  it("leaves bridges", async () => {
    expect(await refused(BRIDGE, ClaimReason.NotEligible)).contain("it is a bridge (class 0604)");
  });

  it("leaves disks that the node has mounted, until it has not", async () => {
    expect(await refused(DISK, ClaimReason.NotEligible)).equal(
      "0000:00:1f.2 is not taken from ahci: the node uses disks of it: sda2 at /, sda3 as swap. Unmount them (umount, " +
        "swapoff), or claim another device.",
    );
    await world.node.hardware.setMounts(DISK, []);
    world.rescan();
    await world.says(DISK, ClaimReason.Enabled);
  });

  it("refuses a name that no kubelet takes, and goes on with one that it takes", async () => {
    await world.claim(SPARE_DISK, {}, { [Annotation.overrideResourceName]: "disk" });
    expect(await world.words(SPARE_DISK, ClaimReason.InvalidResourceName)).match(
      /^0000:00:1e\.0 cannot be offered: the annotation pcidevice\.harvesterhci\.io\/override-resource-name must be a prefix/,
    );
    const metadata = { annotations: { [Annotation.overrideResourceName]: "example.com/disk" } };
    await world.lab.client.merge(PCI_DEVICE_CLAIM, world.nameOf(SPARE_DISK), { metadata }, { fieldManager: "person" });
    const { status } = await world.says(SPARE_DISK, ClaimReason.Enabled);
    expect(status?.resourceName).equal("example.com/disk");
  });

  it("keeps the name that a device is offered under while a new one is no name", async () => {
    const metadata = { annotations: { [Annotation.overrideResourceName]: "a b" } };
    await world.lab.client.merge(PCI_DEVICE_CLAIM, world.nameOf(SPARE_DISK), { metadata }, { fieldManager: "person" });
    const { status } = await world.saysOf(
      SPARE_DISK,
      (claim) => claimReady(claim)?.reason === ClaimReason.InvalidResourceName,
    );
    expect(status).include({ passthroughEnabled: true, resourceName: "example.com/disk" });
  });

  it("has no finalizer on what was refused, so that nothing keeps it from being deleted", async () => {
    expect(world.claims.get(world.nameOf(BRIDGE))?.metadata.finalizers ?? []).not.include(CLAIM_FINALIZER);
    await world.release(BRIDGE);
  });
});
