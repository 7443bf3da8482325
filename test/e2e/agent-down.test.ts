import { expect } from "chai";
import type { automation } from "@pulumi/pulumi";
import { type Nic, nicOfOwnNode } from "./nics.js";
import { errorsOf, openStack, type Program, warningsOn } from "./stack.js";

describe("an agent that is not there", () => {
  function asking(nic: Nic, numVfs: number, timeout?: string): Program {
    const { nodeName, interfaceName } = nic;
    const customTimeouts = timeout === undefined ? {} : { create: timeout, update: timeout };
    return (sriov) => {
      const opts = { customTimeouts };
      const { vfAddresses } = new sriov.SriovNetworkDevice("nic", { nodeName, interfaceName, numVfs }, opts);
      return { vfAddresses };
    };
  }

  it("is told of on the resource's row; up waits, fails with the state kept, and the next one finishes", async () => {
    const nic = await nicOfOwnNode("e2e-killed");
    const stack = await openStack({ program: asking(nic, 2) });
    await stack.up();
    await nic.node.stopAgent("SIGKILL");

    const done = await stack.upFails(asking(nic, 4, "8s"));
    expect(warningsOn(done, "nic").join("\n")).to.contain(`the agent on node ${nic.nodeName} does not answer`);
    const errors = errorsOf(done).join("\n");
    expect(errors).to.contain(`${nic.deviceName}: not ready with 4 VFs in time`).and.to.contain("does not answer");
    expect(errors).to.contain("the next up goes on from here").and.to.contain("customTimeouts.update (8s now)");
    const row = done.diagnostics.filter(({ resource }) => resource === "nic").map(({ message }) => message);
    expect(row.join("\n")).to.match(/does not answer, for \d+ s/);
    expect((await stack.resources())[0]).to.include({ id: nic.deviceName });
    expect(await nic.numVfs()).to.equal(2);

    await nic.node.startAgent();
    const { outputs } = await stack.up(asking(nic, 4));
    expect(outputs["vfAddresses"]).to.have.length(4);
    expect(await nic.numVfs()).to.equal(4);
    expect(await nic.owners()).to.have.length(1);
  });

  it("leaves work that the next up finishes after a refresh, too", async () => {
    const nic = await nicOfOwnNode("e2e-refreshed");
    const stack = await openStack({ program: asking(nic, 2) });
    await stack.up();
    await nic.node.stopAgent("SIGKILL");
    await stack.upFails(asking(nic, 4, "2s"));
    await stack.refresh();
    await nic.node.startAgent();
    const { outputs } = await stack.up(asking(nic, 4));
    expect(outputs["vfAddresses"]).to.have.length(4);
  });

  it("that never reports is a warning in preview, and an error in up after which nothing is there", async () => {
    const nic = await nicOfOwnNode("e2e-silent", { agent: false });
    const stack = await openStack({ program: asking(nic, 2, "2s") });
    const [warning = ""] = warningsOn(await stack.preview(), "nic");
    expect(warning).to.contain(`the NIC "${nic.interfaceName}" of node "e2e-silent" is not discovered yet`);
    expect(warning).to.contain('the agent on node "e2e-silent" has not reported yet. up waits for it');
    const [error = ""] = errorsOf(await stack.upFails());
    expect(error).to.contain(`SR-IOV device "${nic.interfaceName}" of node "e2e-silent" was not discovered in time`);
    expect(error).to.contain("SR-IOV devices of that node: none").and.to.contain("Nothing was created");
    expect(await stack.resources()).to.deep.equal([]);
  });

  it("is waited for by up, which goes on as soon as it reports", async () => {
    const nic = await nicOfOwnNode("e2e-late", { agent: false });
    const stack = await openStack({ program: asking(nic, 2) });
    let started: Promise<void> | undefined;
    const startOnWait = (event: automation.EngineEvent): void => {
      if (event.diagnosticEvent?.message.includes("waiting until")) started ??= nic.node.startAgent();
    };
    const { outputs } = await stack.up(undefined, { onEvent: startOnWait });
    expect(started).not.to.equal(undefined);
    expect(outputs["vfAddresses"]).to.have.length(2);
  });
});
