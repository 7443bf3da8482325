import { expect } from "chai";
import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { freshNic, type Nic } from "../nics.js";
import { openStack, type TestStack } from "../stack.js";
import { type Claimable, driversOf, passthrough, vfOf } from "./claimable.js";

/** A NIC, its VFs, and a claim of one, as one program has them. The tests are one story, in order. */
describe("a VF that a program makes and claims", () => {
  let nic: Nic;
  let vf: Claimable;
  let stack: TestStack;

  before(async () => {
    nic = await freshNic();
    vf = vfOf(nic, 1);
    stack = await openStack({ program: passthrough(nic, { vf: 1 }) });
  });

  it("is previewed before there is any VF", async () => {
    const { steps } = await stack.preview();
    expect([steps["nic"]?.op, steps["vf"]?.op]).to.deep.equal(["create", "create"]);
    expect(await vf.claim()).to.equal(undefined);
  });

  it("is bound to vfio-pci by the same up that makes it", async () => {
    const { outputs } = await stack.up();
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
    expect(outputs).to.deep.include({ passthroughEnabled: true, kernelDriverToUnbind: "ixgbevf", status: "Enabled" });
  });

  it("takes its driver from no other VF", async () => {
    expect(await vfOf(nic, 0).driver()).to.equal("ixgbevf");
  });

  it("is told by the NIC as claimed, and by whom", async () => {
    const { status } = await nic.until("told", (device) => device.status?.virtualFunctions?.[1]?.usedBy !== undefined);
    expect(status?.virtualFunctions?.[1]).to.include({ driver: VFIO_DRIVER, usedBy: `claim ${vf.name} of pulumi` });
  });

  it("leaves nothing to do", async () => {
    expect((await stack.preview()).steps).to.deep.equal({});
    await stack.up(undefined, { expectNoChanges: true });
  });

  it("has not drifted, says a refresh, which leaves nothing to do either", async () => {
    await stack.automation.refresh({ expectNoChanges: true });
    expect((await stack.preview()).steps).to.deep.equal({});
  });

  it("has its network driver again while the VFs stay, when the claim leaves the program", async () => {
    const { steps } = await stack.up(passthrough(nic, { vf: "none" }));
    expect(Object.entries(steps).map(([name, { op }]) => [name, op])).to.deep.equal([["vf", "delete"]]);
    expect(await vf.driver()).to.equal("ixgbevf");
    expect(await vf.claim()).to.equal(undefined);
    expect(await nic.numVfs()).to.equal(2);
  });

  it("can be claimed again", async () => {
    await stack.up();
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
  });

  it("is released before the VFs go, by one destroy", async () => {
    const drivers = await driversOf(nic.lab.client, vf.name);
    await stack.destroy();
    expect(await drivers.until("gone")).to.deep.equal(["ixgbevf", "gone"]);
    await drivers.stop();
    expect(await vf.claim()).to.equal(undefined);
    expect(await nic.numVfs()).to.equal(0);
    expect(await stack.resources()).to.deep.equal([]);
  });
});
