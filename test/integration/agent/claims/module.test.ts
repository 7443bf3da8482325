import { expect } from "chai";
import { ClaimReason } from "../../../../api/pci-device-claim.js";
import { addressOf, nics } from "../hardware.js";
import { ClaimWorld, vfAddress } from "./claim-world.js";

describe("an agent with a claim on a node whose kernel has no vfio-pci", () => {
  let world: ClaimWorld;
  const vf = vfAddress(addressOf(0), 0);

  before(async () => {
    const spec = { nics: nics(1), drivers: [], loadableDrivers: [] };
    world = await ClaimWorld.start("n-module", { spec });
    await world.observer.ready("n-module-nic0", "Unmanaged");
    await world.observer.declare("n-module-nic0", 1);
    await world.observer.configured("n-module-nic0", 1);
  });
  after(() => world.stop());

  it("says what is missing, and records the driver that the device keeps", async () => {
    await world.claim(vf);
    expect(await world.words(vf, ClaimReason.ModuleMissing)).match(
      /^the kernel has no driver vfio-pci, and it could not be loaded: .*ENOENT.* It is tried again/,
    );
    expect(await world.driverOf(vf)).equal("ixgbevf");
    expect(world.claims.get(world.nameOf(vf))?.status).include({ kernelDriverToUnbind: "ixgbevf" });
  });

  it("loads it, and goes on, once there is such a module", async () => {
    await world.node.hardware.setDriverLoadable("vfio-pci", true);
    await world.says(vf, ClaimReason.Enabled);
    expect(await world.driverOf(vf)).equal("vfio-pci");
  });
});
