import { expect } from "chai";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { SriovCapability } from "../../../sdk/index.js";
import { sharedLab } from "../../shared-lab.js";
import { nics } from "../agent/hardware.js";

const run = promisify(execFile);

describe("getSriovCapability in a program", () => {
  let lines: readonly unknown[];

  before(async () => {
    const lab = await sharedLab();
    await lab.addSimulatedNode("capable-node", { spec: { nics: nics(2) } });
    const config = { "sriov:kubeconfig": lab.controlPlane.kubeconfig };
    const env = { ...process.env, KUBECONFIG: "/nonexistent", PULUMI_CONFIG: JSON.stringify(config) };
    // Resolves when the process has ended by itself.
    const { stdout } = await run(process.execPath, [join(__dirname, "capability-program.js")], { env });
    lines = stdout
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
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
