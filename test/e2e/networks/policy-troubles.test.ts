import { expect } from "chai";
import { readyCondition } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { programFolder } from "../project.js";
import { errorsOf, openStack, warningsOn } from "../stack.js";
import { policyProgram } from "./policy-program.js";
import { found, freshTwins, NODE_SELECTOR } from "./twins.js";

describe("a policy", function () {
  this.timeout(180_000);
  it("that selects nothing goes through, and says so in preview and status", async () => {
    const { lab } = await freshTwins();
    const nowhere = { nodeSelector: NODE_SELECTOR, interfaceName: "nowhere" };
    const stack = await openStack({ program: policyProgram(nowhere) });
    expect(warningsOn(await stack.preview(), "policy").join("\n")).to.include("selects no NIC as things are");
    const { outputs } = await stack.up();
    expect(outputs).to.deep.include({ status: "NothingMatched", matched: [] });
    const policy = await found(lab, SRIOV_NETWORK_NODE_POLICY, String(outputs["policyName"]));
    expect(policy?.status?.conditions).to.deep.include.members([
      { ...policy?.status?.conditions[0], reason: "NothingMatched" },
    ]);
    await stack.destroy();
  });

  it("says which NIC failed and why, while the other one is done, and ends well once that one can be", async () => {
    const twins = await freshTwins();
    const [bad, good] = twins.nics;
    await bad.node.hardware.setEnableLimit(bad.address, 0);
    const program = policyProgram(twins, {}, { customTimeouts: { create: "20s" } });
    const stack = await openStack({ program });
    const said = errorsOf(await stack.upFails()).join("\n");
    expect(said).to.include(bad.deviceName).and.not.to.include(`${good.deviceName}:`);
    expect(await good.numVfs()).to.equal(2);
    await bad.node.hardware.setEnableLimit(bad.address, undefined);
    // Its agent tries again with growing pauses, which up does not wait out to the end.
    await bad.until("its agent has tried again", (device) => readyCondition(device)?.reason === "Configured");
    await stack.up();
    expect(await twins.numVfs()).to.deep.equal([2, 2]);
    await stack.destroy();
    expect(await twins.numVfs()).to.deep.equal([0, 0]);
  });

  it("does not take a NIC from a program that declares its count directly, and names it", async () => {
    const twins = await freshTwins();
    const [owned, free] = twins.nics;
    const direct = await openStack({
      program: (sriov) => {
        const { nodeName, interfaceName } = owned;
        new sriov.SriovNetworkDevice("nic", { nodeName, interfaceName, numVfs: 3 });
        return undefined;
      },
    });
    await direct.up();
    const stack = await openStack({ program: policyProgram(twins) });
    const [warning = ""] = warningsOn(await stack.preview(), "policy");
    expect(warning).to.include(`${owned.deviceName}: spec.numVFS is owned by`);
    const said = errorsOf(await stack.upFails()).join("\n");
    expect(said)
      .to.include(owned.deviceName)
      .and.to.match(/pulumi-sriov-[0-9a-f]{12}/);
    expect(await twins.numVfs()).to.deep.equal([3, 2]);
    // The policy asks for its VFs while those of the program are still on their way out.
    await owned.node.hardware.hang(owned.address, true);
    const taken = warningsOn(await direct.destroy(), "nic").join("\n");
    await owned.node.hardware.hang(owned.address, false);
    expect(taken).to.include('changed to 2 by "pulumi-sriov-controller"');
    await stack.up();
    expect(await twins.numVfs()).to.deep.equal([2, 2]);
    await stack.destroy();
    expect(await free.numVfs()).to.equal(0);
  });

  it("whose up was killed is gone on with by the next one", async () => {
    const twins = await freshTwins();
    const [first] = twins.nics;
    await first.node.hardware.hang(first.address, true);
    const args = {
      ...{ resourceName: twins.interfaceName, nodeSelector: twins.nodeSelector, numVfs: 2 },
      nicSelector: { pfNames: [twins.interfaceName] },
    };
    const program = `const sriov = require("pulumi-sriov");\nnew sriov.SriovNetworkNodePolicy("cut", ${JSON.stringify(args)});\n`;
    const folder = await programFolder("cut-policy", program);
    const stack = await openStack({ folder });
    const env = { ...process.env, ...stack.automation.workspace.envVars };
    const command = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack.automation.name];
    const up = twins.lab.run.spawn("cut-policy-up", "pulumi", command, { cwd: folder, env });
    await first.until("asked for 2 VFs", ({ spec }) => spec.numVFS === 2);
    up.signal("SIGKILL");
    await up.exited;

    await first.node.hardware.hang(first.address, false);
    await stack.automation.cancel().catch(() => undefined);
    await stack.up();
    expect(await twins.numVfs()).to.deep.equal([2, 2]);
    const { items } = await twins.lab.client.list(SRIOV_NETWORK_NODE_POLICY);
    expect(items.filter(({ metadata }) => metadata.name.startsWith("cut-"))).to.have.length(1);
    await stack.destroy();
    expect(await twins.numVfs()).to.deep.equal([0, 0]);
  });
});
