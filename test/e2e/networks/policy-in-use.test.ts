import { expect } from "chai";
import { readImpacts } from "../../../plan/impact/impact.js";
import { rescan } from "../../integration/agent/agent-process.js";
import { errorsOf, openStack, type Program, type TestStack } from "../stack.js";
import { policyProgram } from "./policy-program.js";
import { freshTwins, type Twins } from "./twins.js";

/** One VF of the first of two NICs is somebody's. The tests are one story, in order. */
describe("a policy whose VFs are in use", function () {
  this.timeout(180_000);
  let twins: Twins;
  let stack: TestStack;

  const asking = (numVfs: number, onVfsInUse: "refuse" | "proceed" = "refuse"): Program =>
    policyProgram(twins, { numVfs, onVfsInUse }, { customTimeouts: { update: "20s" } });
  const usedVf = (): string => twins.nics[0].address.replace("00.0", "10.2");

  before(async () => {
    twins = await freshTwins();
    stack = await openStack({ program: asking(2) });
    await stack.up();
    const [used] = twins.nics;
    await used.node.hardware.setInterfaceElsewhere(usedVf(), true);
    rescan(used.lab.run, used.node);
    await used.until("in use", ({ status }) => status?.virtualFunctions?.[1]?.usedBy !== undefined);
  });

  it("fails preview with the NICs of both nodes, and with VF and user", async () => {
    const said = errorsOf(await stack.previewFails(asking(4))).join("\n");
    const [used] = twins.nics;
    expect(
      readImpacts(said).map(({ object, destroyed, outcome }) => [object, destroyed, outcome]),
    ).to.have.deep.members([
      [used.deviceName, 2, "refused"],
      [twins.nics[1].deviceName, 2, "none"],
    ]);
    expect(
      readImpacts(said).flatMap(({ inUse }) => inUse.map(({ address, usedBy }) => [address, usedBy])),
    ).to.deep.equal([[usedVf(), "another network namespace"]]);
  });

  it("refuses up before anything is changed, on the other NIC too, and says who uses what", async () => {
    const said = errorsOf(await stack.upFails(asking(4))).join("\n");
    expect(said).to.include("This is refused").and.to.include(usedVf()).and.to.include("another network namespace");
    expect(await twins.numVfs()).to.deep.equal([2, 2]);
    expect((await stack.preview(asking(2))).steps).to.deep.equal({});
  });

  it("keeps the VFs in use when it is destroyed, which fails and says why", async () => {
    const said = errorsOf(await stack.destroyFails()).join("\n");
    expect(said).to.include("another network namespace");
    expect((await twins.numVfs())[0]).to.equal(2);
  });

  it("goes on with proceed", async () => {
    await stack.up(asking(4, "proceed"));
    expect(await twins.numVfs()).to.deep.equal([4, 4]);
  });

  it("is destroyed once nobody uses its VFs", async () => {
    await stack.destroy();
    expect(await twins.numVfs()).to.deep.equal([0, 0]);
  });
});
