import { expect } from "chai";
import { ClaimReason, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { rescan } from "../../integration/agent/agent-process.js";
import { freshNic, type Nic } from "../nics.js";
import { errorsOf, openStack, type TestStack } from "../stack.js";
import { type Claimable, claimOf, passthrough, vfOf } from "./claimable.js";

const usersOf = ({ status }: SriovNetworkDevice): string[] =>
  (status?.virtualFunctions ?? []).map(({ usedBy }) => usedBy ?? "");

/** The tests of each are one story, in order. */
describe("a claim of a VF that somebody uses", () => {
  let nic: Nic;
  let vf: Claimable;
  let stack: TestStack;
  let user = "";

  before(async () => {
    nic = await freshNic();
    vf = vfOf(nic, 0);
    stack = await openStack({ program: passthrough(nic, { vf: "none" }) });
    await stack.up();
    const name = (await nic.device()).status?.virtualFunctions?.[0]?.interfaceName ?? "";
    user = `interface ${name} in br0`;
    await nic.node.hardware.setUppers(name, ["br0"]);
  });

  it("is refused by up, whether the NIC told it before or only the agent found it, and up tells who uses it", async () => {
    const [error = ""] = errorsOf(await stack.upFails(passthrough(nic)));
    expect(error).to.include(vf.name).and.to.include(vf.address).and.to.include(user);
  });

  it("is refused in preview once the NIC's status tells it", async () => {
    rescan(nic.lab.run, nic.node);
    await nic.until("VF 0 used", (device) => usersOf(device)[0] === user);
    const [error = ""] = errorsOf(await stack.previewFails(passthrough(nic)));
    expect(error).to.include(vf.name).and.to.include(user);
  });

  it("leaves no claim behind, and the VF its driver", async () => {
    expect(await vf.claim()).to.equal(undefined);
    expect(await vf.driver()).to.equal("ixgbevf");
  });

  it("is carried out once the VF is free", async () => {
    const name = (await nic.device()).status?.virtualFunctions?.[0]?.interfaceName ?? "";
    await nic.node.hardware.setUppers(name, []);
    rescan(nic.lab.run, nic.node);
    await nic.until("VF 0 free", (device) => usersOf(device)[0] === "");
    await stack.up(passthrough(nic));
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
    await stack.destroy();
  });
});

describe("a VF that is in a pod", () => {
  const POD = "another network namespace";
  let nic: Nic;
  let vf: Claimable;
  let stack: TestStack;

  before(async () => {
    nic = await freshNic();
    vf = vfOf(nic, 1);
    stack = await openStack({ program: passthrough(nic, { vf: "none" }) });
    await stack.up();
    await nic.node.hardware.setInterfaceElsewhere(vf.address, true);
    rescan(nic.lab.run, nic.node);
    await nic.until("VF 1 used", (device) => usersOf(device)[1] === POD);
  });

  it("cannot be claimed: preview names its user", async () => {
    const [error = ""] = errorsOf(await stack.previewFails(passthrough(nic, { vf: 1 })));
    expect(error).to.include(vf.name).and.to.include(POD);
  });

  it("cannot be claimed by its address either", async () => {
    const { nodeName } = nic;
    const other = await openStack({ program: claimOf({ nodeName, address: vf.address }) });
    const [error = ""] = errorsOf(await other.previewFails());
    expect(error).to.include(vf.name).and.to.include(POD);
  });

  it("does not keep another one of the same NIC from being claimed", async () => {
    await stack.up(passthrough(nic, { vf: 0 }));
    expect(await vfOf(nic, 0).driver()).to.equal(VFIO_DRIVER);
  });

  after(async () => {
    await nic.node.hardware.setInterfaceElsewhere(vf.address, false);
    rescan(nic.lab.run, nic.node);
    await nic.until("VF 1 free", (device) => usersOf(device)[1] === "");
    await stack.destroy();
  });
});

describe("another number of VFs of a NIC with a claimed one", () => {
  let nic: Nic;
  let vf: Claimable;
  let stack: TestStack;
  let uid: string | undefined;

  const counts = async (): Promise<number[]> =>
    (await nic.node.hardware.writes()).filter(({ address }) => address === nic.address).map(({ count }) => count);

  before(async () => {
    nic = await freshNic();
    vf = vfOf(nic, 1);
    stack = await openStack({ program: passthrough(nic, { vf: 1 }) });
    await stack.up();
    uid = (await vf.claim())?.metadata.uid;
    await nic.until("claim told", (device) => usersOf(device)[1] !== "");
  });

  it("fails preview, with the claim", async () => {
    const said = errorsOf(await stack.previewFails(passthrough(nic, { vf: 1, numVfs: 4 }))).join("\n");
    expect(said).to.include("This is refused").and.to.include(`used by claim ${vf.name} of pulumi`);
  });

  it("is refused, and the claim stays as it was", async () => {
    const [error = ""] = errorsOf(await stack.upFails(passthrough(nic, { vf: 1, numVfs: 4 })));
    expect(error).to.include("This is refused").and.to.include(`used by claim ${vf.name} of pulumi`);
    expect(await counts()).to.deep.equal([2]);
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
  });

  it("with proceed makes the VFs anew, and the claim is bound again to the VF of the same index", async () => {
    const { steps } = await stack.up(passthrough(nic, { vf: 1, numVfs: 4, onVfsInUse: "proceed" }));
    expect(await counts()).to.deep.equal([2, 0, 4]);
    expect(steps["vf"]).to.equal(undefined);
    const { status, metadata } = await vf.until(
      "bound again",
      (claim) => claim.status?.conditions?.some(({ reason }) => reason === ClaimReason.Enabled) === true,
    );
    expect(metadata.uid).to.equal(uid);
    expect(status?.virtualFunction).to.deep.equal({ physicalFunction: nic.address, index: 1 });
    expect(await vf.driver()).to.equal(VFIO_DRIVER);
    expect(await vfOf(nic, 0).driver()).to.equal("ixgbevf");
  });

  it("leaves nothing to do then", async () => {
    const program = passthrough(nic, { vf: 1, numVfs: 4, onVfsInUse: "proceed" });
    expect((await stack.preview(program)).steps).to.deep.equal({});
  });

  it("is followed by a destroy that releases the claim first", async () => {
    await stack.destroy();
    expect(await vf.claim()).to.equal(undefined);
    expect(await nic.numVfs()).to.equal(0);
  });
});
