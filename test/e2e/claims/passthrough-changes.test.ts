import { expect } from "chai";
import { PCI_DEVICE_CLAIM, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { freshNic, type Nic } from "../nics.js";
import { openStack, type TestStack, warningsOn } from "../stack.js";
import { type Claimable, passthrough, vfOf } from "./claimable.js";

/** What happens to a claim that is there when the program changes, or somebody else does. */
describe("a claim that is there", () => {
  let nic: Nic;
  let vf: Claimable;
  let stack: TestStack;
  let uid: string | undefined;

  beforeEach(async () => {
    nic = await freshNic();
    vf = vfOf(nic);
    stack = await openStack({ program: passthrough(nic) });
    await stack.up();
    uid = (await vf.claim())?.metadata.uid;
  });
  afterEach(() => stack.destroy());

  it("keeps the VF bound when its user changes", async () => {
    const { steps } = await stack.up(passthrough(nic, { claim: { userName: "alice" } }));
    expect(steps["vf"]).to.include({ op: "update" });
    expect((await vf.claim())?.metadata.uid).to.equal(uid);
    expect((await vf.claim())?.spec.userName).to.equal("alice");
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
  });

  it("keeps the VF bound when its resource is renamed without an alias", async () => {
    const { steps } = await stack.up(passthrough(nic, { name: "renamed" }));
    expect([steps["renamed"]?.op, steps["vf"]?.op]).to.deep.equal(["create", "delete"]);
    expect((await vf.claim())?.metadata.uid).to.equal(uid);
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
    expect((await stack.preview(passthrough(nic, { name: "renamed" }))).steps).to.deep.equal({});
  });

  it("leaves nothing to do when its resource is renamed with an alias", async () => {
    const { steps } = await stack.up(passthrough(nic, { name: "renamed", options: { aliases: [{ name: "vf" }] } }));
    expect(steps).to.deep.equal({});
    expect((await vf.claim())?.metadata.uid).to.equal(uid);
  });

  it("keeps the VF bound when its resource is replaced by itself", async () => {
    const urn = (await stack.resources()).find((resource) => resource.urn.endsWith("::vf"))?.urn ?? "";
    await stack.up(undefined, { replace: [urn] });
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
    expect((await stack.preview()).steps).to.deep.equal({});
  });

  it("goes to another VF when the program names that, and the first one has its driver again", async () => {
    const preview = await stack.preview(passthrough(nic, { vf: 1 }));
    expect(preview.steps["vf"]?.op).to.match(/replace/);
    await stack.up(passthrough(nic, { vf: 1 }));
    expect([await vf.driver(), await vfOf(nic, 1).driver()]).to.deep.equal(["ixgbevf", VFIO_DRIVER]);
    expect(await vf.claim()).to.equal(undefined);
  });

  it("goes to another NIC when the program names that", async () => {
    const other = await freshNic();
    await stack.up(passthrough(other));
    expect([await nic.numVfs(), await other.numVfs()]).to.deep.equal([0, 2]);
    expect(await vfOf(other).driver()).to.equal(VFIO_DRIVER);
    expect(await vf.claim()).to.equal(undefined);
  });

  it("is made again after somebody deleted it", async () => {
    await nic.lab.client.delete(PCI_DEVICE_CLAIM, vf.name);
    await nic.until("free", (device) => device.status?.virtualFunctions?.[0]?.driver === "ixgbevf");
    await stack.refresh();
    const { steps } = await stack.up();
    expect(steps["vf"]?.op).to.equal("create");
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
  });

  it("is destroyed without an error after somebody deleted it", async () => {
    await nic.lab.client.delete(PCI_DEVICE_CLAIM, vf.name);
    await nic.until("free", (device) => device.status?.virtualFunctions?.[0]?.driver === "ixgbevf");
    await stack.destroy();
    expect(await nic.numVfs()).to.equal(0);
  });

  it("shows in a refresh that somebody has changed its user", async () => {
    const options = { fieldManager: "kubectl-edit" };
    await nic.lab.client.merge(PCI_DEVICE_CLAIM, vf.name, { spec: { userName: "mallory" } }, options);
    await stack.refresh();
    const done = await stack.preview();
    expect(done.steps["vf"]).to.deep.include({ op: "update", diffs: ["userName"] });
    expect(warningsOn(done, "nic")).to.deep.equal([]);
  });
});
