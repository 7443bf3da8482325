import { expect } from "chai";
import { join } from "node:path";
import { CLAIM_FINALIZER, claimReady, ClaimReason } from "../../../../api/pci-device-claim.js";
import type { HardwareSpec } from "../../../../lab/nodes/simulated/hardware.js";
import { SimulatedKernel } from "../../../../lab/nodes/simulated/client.js";
import { parsePciAddress } from "../../../../reconciler/kernel/kernel.js";
import { addressOf, nic as nicSpec } from "../hardware.js";
import { ClaimWorld, vfAddress } from "./claim-world.js";

const GPU = "0000:65:00.0";
const AUDIO = "0000:65:00.1";
const USB = "0000:65:00.2";
const DISK = "0000:66:00.0";
const BESIDE = "0000:66:00.1";

const SPEC: HardwareSpec = {
  nics: [{ ...nicSpec(0), iommuGroup: "shared" }],
  functions: [
    { address: GPU, classId: "030000", driver: "nouveau" },
    { address: AUDIO, classId: "040300", driver: "snd_hda_intel", groupWith: GPU },
    { address: USB, classId: "0c0330", driver: "xhci_hcd", groupWith: GPU },
    { address: DISK, classId: "010601", driver: "ahci", mounts: ["sda1 at /"] },
    { address: BESIDE, classId: "0c0500", driver: "i801_smbus", groupWith: DISK },
  ],
};

describe("claims of devices of one IOMMU group", () => {
  let world: ClaimWorld;
  let kernel: SimulatedKernel;
  before(async () => {
    world = await ClaimWorld.start("n-groups", { spec: SPEC });
    kernel = new SimulatedKernel(join(world.lab.run.dir, "n-groups.sock"));
    await world.observer.ready("n-groups-nic0", "Unmanaged");
  });
  after(async () => {
    kernel.close();
    await world.stop();
  });

  const driver = async (address: string) => (await kernel.pciFunction(parsePciAddress(address)))?.driver;

  const isOffered = (address: string): boolean =>
    world.claims.get(world.nameOf(address))?.status?.passthroughEnabled === true;

  it("are refused while one of the group is not claimed, which alone is named", async () => {
    await world.claim(GPU);
    await world.claim(AUDIO);
    for (const address of [GPU, AUDIO]) {
      const words = `also has ${USB} (xhci_hcd), and the node uses it. Claim it too`;
      const { status } = await world.saysOf(address, (claim) => claimReady(claim)?.message.includes(words) ?? false);
      expect(status).include({ passthroughEnabled: false });
    }
    expect(await driver(GPU)).equal("nouveau");
  });

  it("are all carried out once the last of the group is claimed, and not before", async () => {
    const drivers = () => Promise.all([GPU, AUDIO, USB].map(driver));
    const atFirst = Promise.withResolvers<unknown>();
    const stop = world.claims.onChange(() => {
      if ([GPU, AUDIO, USB].some((address) => isOffered(address))) atFirst.resolve(drivers());
    });
    await world.claim(USB);
    expect(await atFirst.promise).deep.equal(["vfio-pci", "vfio-pci", "vfio-pci"]);
    stop();
    for (const address of [GPU, AUDIO, USB]) await world.says(address, ClaimReason.Enabled);
  });

  it("are not offered any more once one of the group is given back, which says so first", async () => {
    await world.release(USB);
    expect(await driver(USB)).equal("xhci_hcd");
    for (const address of [GPU, AUDIO]) {
      const words = /^0000:65:00\.\d is not handed out: IOMMU group \d+, of which/;
      const { status } = await world.saysOf(address, (claim) => words.test(claimReady(claim)?.message ?? ""));
      expect(status).include({ passthroughEnabled: false }).and.not.have.property("resourceName");
      expect(await driver(address)).equal("vfio-pci");
    }
  });

  it("are offered again once it is claimed again", async () => {
    await world.claim(USB);
    for (const address of [GPU, AUDIO, USB]) await world.says(address, ClaimReason.Enabled);
  });

  it("wait with giving back while a guest has another of the group", async () => {
    await world.runPod("virt-launcher-vm1", GPU, "vm1");
    await world.saysOf(GPU, ({ status }) => status?.usedBy !== undefined);
    await world.delete(USB);
    const words = await world.words(USB, ClaimReason.Releasing);
    expect(words).match(
      /once nobody uses its IOMMU group \d+, of which virtual machine default\/vm1 has 0000:65:00\.0/,
    );
    expect(await driver(USB)).equal("vfio-pci");
    // Who has it is told on, which keeps its claim from being deleted.
    const gpu = await world.says(GPU, ClaimReason.GroupInUse);
    expect(gpu.status).include({ passthroughEnabled: true, usedBy: "virtual machine default/vm1" });
    await world.endPod("virt-launcher-vm1");
    await world.gone(USB);
    expect(await driver(USB)).equal("xhci_hcd");
  });

  it("are all given back when all are deleted", async () => {
    await world.claim(USB);
    for (const address of [GPU, AUDIO, USB]) await world.says(address, ClaimReason.Enabled);
    await Promise.all([GPU, AUDIO, USB].map((address) => world.release(address)));
    expect(await Promise.all([GPU, AUDIO, USB].map(driver))).deep.equal(["nouveau", "snd_hda_intel", "xhci_hcd"]);
  });

  it("take nothing from the node for a group of which the node needs a device, whoever claims that", async () => {
    await world.claim(BESIDE);
    await world.claim(DISK);
    await world.says(DISK, ClaimReason.NotEligible);
    expect(await world.words(BESIDE, ClaimReason.GroupInUse)).contain(`${DISK} (ahci)`);
    expect(await driver(BESIDE)).equal("i801_smbus");
    expect(world.claims.get(world.nameOf(BESIDE))?.metadata.finalizers ?? []).not.include(CLAIM_FINALIZER);
    await world.node.hardware.setMounts(DISK, []);
    world.rescan();
    for (const address of [DISK, BESIDE]) await world.says(address, ClaimReason.Enabled);
  });

  it("share a NIC's group: all of its VFs go together, also when they are made anew", async () => {
    const vfs = [0, 1, 2].map((index) => vfAddress(addressOf(0), index));
    await world.observer.declare("n-groups-nic0", 3);
    await world.observer.configured("n-groups-nic0", 3);
    for (const vf of vfs) await world.claim(vf);
    for (const vf of vfs) await world.says(vf, ClaimReason.Enabled);
    await world.node.hardware.unplug(addressOf(0));
    world.rescan();
    for (const vf of vfs) await world.says(vf, ClaimReason.DeviceAway);
    await world.node.hardware.plug({ ...nicSpec(0), iommuGroup: "shared" });
    world.rescan();
    for (const vf of vfs) await world.says(vf, ClaimReason.Enabled);
  });
});
