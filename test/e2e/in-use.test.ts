import { expect } from "chai";
import { Annotation } from "../../api/names.js";
import { freshNic, type Nic } from "./nics.js";
import { errorsOf, openStack, type Program, type TestStack } from "./stack.js";

/** VFs that somebody uses, as only the node's kernel knows. The tests are one story, in order. */
describe("VFs in use", () => {
  let nic: Nic;
  let stack: TestStack;
  let used: string;

  function asking(numVfs: number, onVfsInUse: "refuse" | "proceed" = "refuse"): Program {
    const { nodeName, interfaceName } = nic;
    return (sriov) => {
      const { vfAddresses } = new sriov.SriovNetworkDevice("nic", { nodeName, interfaceName, numVfs, onVfsInUse });
      return { vfAddresses };
    };
  }

  before(async () => {
    nic = await freshNic();
    stack = await openStack({ program: asking(4) });
    await stack.up();
    used = (await nic.device()).status?.vfAddresses?.[1] ?? "";
    await nic.node.hardware.setInUse(used, true);
  });

  it("make up fail, put the old count back and keep the state", async () => {
    const done = await stack.upFails(asking(6));
    expect(errorsOf(done).join("\n")).to.contain("some are in use").and.to.contain("The count was put back to 4.");
    expect(await nic.numVfs()).to.equal(4);
    const device = await nic.until(
      "ready with 4",
      ({ status }) => status?.conditions?.some(({ reason }) => reason === "Configured") === true,
    );
    expect(device.spec.numVFS).to.equal(4);
    const [state] = await stack.resources();
    expect(state?.outputs).to.deep.include({ numVfs: 4, vfAddresses: device.status?.vfAddresses });
  });

  it("leave nothing to do for the program that asks for the old count", async () => {
    await stack.up(asking(4));
    expect(
      (await nic.node.hardware.writes()).filter((write) => write.address === nic.address && write.result === "ok"),
    ).to.have.length(1);
  });

  it("make up fail with proceed too where the kernel keeps them, and no leave for a later change stays", async () => {
    const done = await stack.upFails(asking(6, "proceed"));
    expect(errorsOf(done).join("\n")).to.contain("some are in use").and.to.contain("The count was put back to 4.");
    const { metadata, spec } = await nic.device();
    expect([spec.numVFS, metadata.annotations?.[Annotation.allowDisruption]]).to.deep.equal([4, undefined]);
    await stack.up(asking(4));
  });

  it("make destroy fail, put the old count back and keep the state", async () => {
    const done = await stack.destroyFails();
    expect(errorsOf(done).join("\n")).to.contain("some are in use").and.to.contain("The count was put back to 4.");
    expect(await stack.resources()).to.have.length(1);
    expect((await nic.device()).spec.numVFS).to.equal(4);
    expect(await nic.owners()).to.have.length(1);
  });

  it("let destroy finish once they are free", async () => {
    await nic.node.hardware.setInUse(used, false);
    await stack.destroy();
    expect(await nic.numVfs()).to.equal(0);
    expect(await stack.resources()).to.deep.equal([]);
  });
});
