import { expect } from "chai";
import type { SriovCapability } from "../../../sdk/index.js";
import { sharedLab } from "../../shared-lab.js";
import { nics } from "../agent/hardware.js";
import { askProgram } from "./ask-program.js";

describe("getSriovCapability in a program", () => {
  let lines: readonly unknown[];

  before(async () => {
    const lab = await sharedLab();
    await lab.addSimulatedNode("capable-node", { spec: { nics: nics(2) } });
    lines = await askProgram(lab, "getSriovCapability");
  });

  it("answers with each node's NICs, by the stack's configuration, and lets the program end", () => {
    const { capable, nodes } = lines[0] as SriovCapability;
    expect(capable).to.equal(true);
    const node = nodes.find(({ nodeName }) => nodeName === "capable-node");
    expect(node?.capable).to.equal(true);
    expect(node?.devices.map(({ interfaceName, totalVfs }) => [interfaceName, totalVfs])).to.deep.equal([
      ["nic0", 16],
      ["nic1", 16],
    ]);
  });

  it("answers the same as an output, of arguments that are outputs", () => {
    expect(lines.slice(1)).to.deep.include(lines[0]);
  });

  it("answers with no secret though a kubeconfig is one", () => {
    expect(lines.slice(1)).to.deep.include({ isSecret: false });
  });
});
