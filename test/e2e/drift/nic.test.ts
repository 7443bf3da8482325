import { expect } from "chai";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { readyCondition } from "../../../api/sriov-network-device.js";
import { rescan } from "../../integration/agent/agent-process.js";
import { freshNic, hardware, type Nic, nicOfOwnNode } from "../nics.js";
import { type Done, errorsOf, openStack, type Program, type TestStack, warningsOn } from "../stack.js";

/** What becomes of a NIC behind a program's back. */
describe("a NIC that is otherwise than its resource has left it", function () {
  this.timeout(180_000);

  function asking(nic: Nic, numVfs: number): Program {
    const { nodeName, interfaceName } = nic;
    return (sriov) => {
      new sriov.SriovNetworkDevice("nic", { nodeName, interfaceName, numVfs });
      return undefined;
    };
  }
  const has = (count: number) => (device: SriovNetworkDevice) => device.status?.virtualFunctions?.length === count;
  const told = (done: Done): string => warningsOn(done, "nic").join("\n");
  const known = async (stack: TestStack): Promise<unknown> => (await stack.resources())[0]?.outputs["numVfs"];

  it("whose number somebody else has set, and then as it was, is its own again after the next up", async () => {
    const nic = await freshNic();
    const stack = await openStack({ program: asking(nic, 2) });
    await stack.up();
    const [ours] = await nic.owners();
    await nic.edit(3);
    await nic.edit(2);
    const warning = told(await stack.refresh());
    expect(warning).to.contain(
      `${nic.deviceName}: spec.numVFS is 2 and owned by field manager "kubectl-edit", no longer`,
    );
    expect(warning).to.contain(
      'To take the number back, set forceConflicts: true, or have "kubectl-edit" let go of it',
    );
    expect(await nic.owners()).not.to.include(ours);
    await stack.up();
    expect(await nic.owners()).to.have.members(["kubectl-edit", ours]);
    expect(told(await stack.refresh({ expectNoChanges: true }))).to.equal("");
  });

  it("shows the VFs that the kernel has while it refuses more, and has them all again by an up once it can", async () => {
    const nic = await nicOfOwnNode("drift-kernel");
    const stack = await openStack({ program: asking(nic, 4) });
    await stack.up();
    await nic.node.stopAgent("SIGTERM");
    await nic.node.hardware.setEnableLimit(nic.address, 1);
    await nic.node.hardware.setNumVfsByHand(nic.address, 0);
    await nic.node.startAgent();
    await nic.until("refused", (device) => readyCondition(device)?.status === "False" && has(1)(device));
    const warning = told(await stack.refresh());
    expect(warning).to.contain(`${nic.deviceName} has 1 VFs on node drift-kernel, where spec.numVFS asks for 4`);
    expect(await known(stack)).to.equal(1);
    expect((await stack.preview()).steps["nic"]).to.deep.include({ op: "update", diffs: ["numVfs"] });
    await nic.node.hardware.setEnableLimit(nic.address, undefined);
    await stack.up();
    expect(await nic.numVfs()).to.equal(4);
    expect(await known(stack)).to.equal(4);
  });

  it("is told as gone by refresh and by up, and has its VFs again by an up once it is back", async () => {
    const nic = await nicOfOwnNode("drift-gone");
    const stack = await openStack({ program: asking(nic, 4) });
    await stack.up();
    await nic.node.hardware.unplug(nic.address);
    rescan(nic.lab.run, nic.node);
    await nic.until("gone", (device) => readyCondition(device)?.reason === "DeviceGone");
    expect(told(await stack.refresh())).to.contain(
      `${nic.deviceName} is gone: no SR-IOV device has the address ${nic.address} on drift-gone any more.`,
    );
    expect(await known(stack)).to.equal(0);
    expect(errorsOf(await stack.upFails()).join("\n")).to.contain(nic.address);
    const [spec] = hardware(1).nics;
    if (spec !== undefined) await nic.node.hardware.plug(spec);
    rescan(nic.lab.run, nic.node);
    await nic.until("back", has(4));
    await stack.up();
    expect(await known(stack)).to.equal(4);
    expect(told(await stack.refresh({ expectNoChanges: true }))).to.equal("");
  });
});
