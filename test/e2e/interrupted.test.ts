import { expect } from "chai";
import { nicOfOwnNode } from "./nics.js";
import { programFolder } from "./project.js";
import { openStack } from "./stack.js";

describe("an up that is killed", () => {
  it("after it has set the count is continued by the next one, which leaves one field manager", async () => {
    const nic = await nicOfOwnNode("e2e-cut");
    const args = { nodeName: nic.nodeName, interfaceName: nic.interfaceName, numVfs: 4 };
    const program = `const sriov = require("pulumi-sriov");\nnew sriov.SriovNetworkDevice("nic", ${JSON.stringify(args)});\n`;
    const folder = await programFolder("interrupted", program);
    const stack = await openStack({ folder });
    await nic.node.stopAgent("SIGKILL");

    const env = { ...process.env, ...stack.automation.workspace.envVars };
    const command = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack.automation.name];
    const up = nic.lab.run.spawn("interrupted-up", "pulumi", command, { cwd: folder, env });
    await nic.until("asked for 4 VFs", ({ spec }) => spec.numVFS === 4);
    up.signal("SIGKILL");
    await up.exited;
    const [first = ""] = await nic.owners();

    await stack.automation.cancel().catch(() => undefined);
    await nic.node.startAgent();
    await stack.up();
    expect(await nic.numVfs()).to.equal(4);
    expect(await stack.resources()).to.have.length(1);
    expect(await nic.owners())
      .to.have.length(1)
      .and.not.to.include(first);
    await stack.destroy();
    expect(await nic.numVfs()).to.equal(0);
  });
});
