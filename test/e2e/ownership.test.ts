import { expect } from "chai";
import { SRIOV_NETWORK_DEVICE } from "../../api/sriov-network-device.js";
import { freshNic, type Nic, nicOfOwnNode } from "./nics.js";
import { errorsOf, openStack, type Program, warningsOn } from "./stack.js";

describe("a count that somebody else owns", () => {
  function program(nic: Nic, numVfs: number, forceConflicts = false): Program {
    const { nodeName, interfaceName } = nic;
    return (sriov) => {
      new sriov.SriovNetworkDevice("nic", { nodeName, interfaceName, numVfs, forceConflicts });
      return undefined;
    };
  }

  it("is foretold in preview and refused in up, naming the manager, before the resource exists", async () => {
    const nic = await freshNic();
    await nic.edit(2);
    const stack = await openStack({ program: program(nic, 4) });
    const [foretold = ""] = warningsOn(await stack.preview(), "nic").filter((text) => text.includes("owned by"));
    expect(foretold).to.contain('field manager "kubectl-edit", which has set it to 2, so up will be refused');
    const [error = ""] = errorsOf(await stack.upFails());
    expect(error).to.contain(`${nic.deviceName}: spec.numVFS is owned by field manager "kubectl-edit"`);
    expect(error).to.contain("so it was not changed to 4. Set forceConflicts: true to take the number over");
    expect(await stack.resources()).to.deep.equal([]);
    expect((await nic.device()).spec.numVFS).to.equal(2);
  });

  it("is no conflict where both want the same", async () => {
    const nic = await freshNic();
    await nic.edit(2);
    const stack = await openStack({ program: program(nic, 2) });
    expect(warningsOn(await stack.preview(), "nic")).to.deep.equal([]);
    await stack.up();
    expect(await nic.owners())
      .to.have.length(2)
      .and.to.include("kubectl-edit");
  });

  it("shows as drift in refresh, is refused by name in up, and is taken with forceConflicts", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 4) });
    await stack.up();
    await nic.edit(2);
    await nic.until("2 VFs", (device) => device.status?.virtualFunctions?.length === 2);

    const refreshed = await stack.refresh();
    expect(refreshed.steps["nic"]).to.deep.include({ op: "refresh" });
    expect((await stack.resources())[0]?.outputs["numVfs"]).to.equal(2);

    const preview = await stack.preview();
    expect(preview.steps["nic"]?.op).to.equal("update");
    expect(warningsOn(preview, "nic").join("\n")).to.contain('"kubectl-edit", which has set it to 2, so up will be');
    const [error = ""] = errorsOf(await stack.upFails());
    expect(error).to.contain('owned by field manager "kubectl-edit"').and.to.contain("not changed to 4");
    expect(await nic.numVfs()).to.equal(2);

    const forced = program(nic, 4, true);
    expect(warningsOn(await stack.preview(forced), "nic").join("\n")).not.to.contain("kubectl-edit");
    await stack.up(forced);
    expect(await nic.numVfs()).to.equal(4);
    expect(await nic.owners())
      .to.have.length(1)
      .and.not.to.include("kubectl-edit");
  });

  it("is left alone by destroy, which warns and names the owner", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 4) });
    await stack.up();
    await nic.edit(3);
    await nic.until("3 VFs", (device) => device.status?.virtualFunctions?.length === 3);
    const [warning = ""] = warningsOn(await stack.destroy(), "nic");
    expect(warning).to.contain(`${nic.deviceName} keeps 3 VFs: field manager "kubectl-edit" owns spec.numVFS too`);
    expect(await stack.resources()).to.deep.equal([]);
    expect(await nic.numVfs()).to.equal(3);
  });

  it("is not taken from a stack elsewhere that has the same URN", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 4) });
    await stack.up();
    const [manager = ""] = await nic.owners();
    const urn = /^(pulumi-sriov-[0-9a-f]+-)/.exec(manager)?.[1] ?? "";
    await nic.edit(3, `${urn}elsewhere`);
    const [error = ""] = errorsOf(await stack.upFails(program(nic, 5)));
    expect(error).to.contain(`owned by field manager "${urn}elsewhere"`);
    expect(await nic.numVfs()).to.equal(3);
  });

  it("ends with the object that somebody deleted: destroy says what is left", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: program(nic, 2) });
    await stack.up();
    const { uid } = (await nic.device()).metadata;
    await nic.lab.client.delete(SRIOV_NETWORK_DEVICE, nic.deviceName);
    await nic.until("made anew", (device) => device.metadata.uid !== uid && device.status !== undefined);
    const warnings = warningsOn(await stack.destroy(), "nic").join("\n");
    expect(warnings).to.contain("deleted and made anew").and.to.contain("keeps 2 VFs that nobody manages");
    expect(await stack.resources()).to.deep.equal([]);
  });

  it("is no matter for a NIC that is gone: destroy succeeds", async () => {
    const nic = await nicOfOwnNode("e2e-unplugged");
    const stack = await openStack({ program: program(nic, 2) });
    await stack.up();
    await nic.node.hardware.unplug(nic.address);
    await rescanned(nic);
    await stack.destroy();
    expect(await stack.resources()).to.deep.equal([]);
  });
});

/** The agent has noticed that the NIC is gone: its start looks at the hardware. */
async function rescanned(nic: Nic): Promise<void> {
  await nic.node.stopAgent("SIGTERM");
  await nic.node.startAgent();
  await nic.until("gone", (device) => device.status?.conditions?.[0]?.reason === "DeviceGone");
}
