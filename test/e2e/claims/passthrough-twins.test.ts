import { expect } from "chai";
import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { freshNic, type Nic } from "../nics.js";
import { errorsOf, openStack, type Program, type TestStack } from "../stack.js";
import { type Claimable, claimOf, passthrough, vfOf } from "./claimable.js";

/** Two who want one device. The tests are one story, in order. */
describe("two claims for one device", () => {
  let nic: Nic;
  let vf: Claimable;
  let nics: TestStack;
  let alices: TestStack;
  let bobs: TestStack;

  const claimBy = (userName: string): Program => claimOf({ pciDevice: vf.name, userName });

  before(async () => {
    nic = await freshNic();
    vf = vfOf(nic);
    nics = await openStack({ program: passthrough(nic, { vf: "none" }) });
    await nics.up();
    alices = await openStack({ program: claimBy("alice") });
    bobs = await openStack({ program: claimBy("bob") });
    await alices.up();
  });

  it("are refused in preview to the one who comes later, with the user who has it", async () => {
    const [error = ""] = errorsOf(await bobs.previewFails());
    expect(error).to.include(vf.name).and.to.include("alice");
  });

  it("are refused in up where one program has both and makes the VF", async () => {
    const [other, stack] = [await freshNic(), await openStack({})];
    const { nodeName, interfaceName } = other;
    const [error = ""] = errorsOf(
      await stack.upFails((sriov) => {
        const { vfPciDevices } = new sriov.SriovNetworkDevice("nic", { nodeName, interfaceName, numVfs: 1 });
        const pciDevice = vfPciDevices.apply((names) => names[0] ?? "");
        const first = new sriov.PciDeviceClaim("first", { pciDevice, userName: "alice" });
        new sriov.PciDeviceClaim("second", { pciDevice, userName: "bob" }, { dependsOn: first });
        return undefined;
      }),
    );
    expect(error).to.include(`${vfOf(other).name} is claimed by the resource "first" of this program too`);
    expect((await vfOf(other).claim())?.spec.userName).to.equal("alice");
    await stack.destroy();
    expect(await vfOf(other).claim()).to.equal(undefined);
  });

  it("leave the device with the first", async () => {
    expect((await vf.claim())?.spec.userName).to.equal("alice");
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
  });

  it("are no more once the first is destroyed", async () => {
    await alices.destroy();
    expect(await vf.driver()).to.equal("ixgbevf");
    await bobs.up();
    expect((await vf.claim())?.spec.userName).to.equal("bob");
    await bobs.destroy();
    await nics.destroy();
  });
});
