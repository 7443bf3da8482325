import { expect } from "chai";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { NODE } from "../../../api/core.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { LabController } from "../../../lab/controller.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import type { CoreAlone, Life } from "./core-alone.js";

const NODE_NAME = "core-alone";

describe("the provider's core in a process without Pulumi", () => {
  let lab: Lab;
  let controller: LabController;
  let result: CoreAlone;
  const life = (kind: string): Life => result.lives[kind] ?? expect.fail(`no ${kind} lived`);

  before(async () => {
    lab = await sharedLab();
    controller = await lab.startController();
    await lab.addSimulatedNode(NODE_NAME);
    await lab.client.merge(NODE, NODE_NAME, { metadata: { labels: { role: NODE_NAME } } }, { fieldManager: "test" });
    const args = [lab.controlPlane.kubeconfig, NODE_NAME, "eno49", "eno50"];
    const child = fork(join(__dirname, "core-alone.js"), args);
    const ended = once(child, "exit").then(() => expect.fail("it has ended without a word"));
    [result] = (await Promise.race([once(child, "message"), ended])) as [CoreAlone];
  });
  after(() => controller.stop());

  it("loads no module of Pulumi", () => {
    expect(result.pulumiModules).to.deep.equal([]);
  });

  for (const kind of ["SriovNetworkDevice", "SriovNetworkNodePolicy", "SriovNetwork", "PciDeviceClaim"]) {
    it(`checks a ${kind}, and finds nothing wrong`, () => {
      expect(life(kind).failures).to.deep.equal([]);
    });

    it(`reads a ${kind} as it has created it`, () => {
      expect(life(kind).read).to.deep.equal(life(kind).created);
    });

    it(`sees a difference of a ${kind} exactly where there is one`, () => {
      const { isDifferentUnchanged, isDifferentChanged } = life(kind);
      expect([isDifferentUnchanged, isDifferentChanged]).to.deep.equal([false, true]);
    });
  }

  it("creates and changes VFs, and returns when they are there", () => {
    const { created, updated } = life("SriovNetworkDevice");
    expect([created["vfAddresses"], updated["vfAddresses"]].map((vfs) => (vfs as string[]).length)).to.deep.equal([
      2, 3,
    ]);
  });

  it("creates and changes VFs of the NICs that a policy selects", () => {
    const { created, updated } = life("SriovNetworkNodePolicy");
    const vfs = ({ matchedDevices }: Life["created"]) => (matchedDevices as { numVfs: number }[])[0]?.numVfs;
    expect([vfs(created), vfs(updated)]).to.deep.equal([2, 3]);
  });

  it("attaches a network with its policy's resource name", () => {
    expect(life("SriovNetwork").updated).to.include({ status: "Attached", resourceName: "alone", vlan: 100 });
  });

  it("claims a VF, and changes the claim", () => {
    expect(life("PciDeviceClaim").updated).to.include({ passthroughEnabled: true, userName: "somebody" });
  });

  it("foresees what a delete does", () => {
    expect(life("SriovNetworkDevice").foreseen).to.equal(1);
  });

  it("leaves nothing of what it has made after a delete, and of what it has found no VFs", () => {
    const left = ["SriovNetworkNodePolicy", "SriovNetwork", "PciDeviceClaim"].map((kind) => life(kind).left);
    expect(left).to.deep.equal([undefined, undefined, undefined]);
    expect(life("SriovNetworkDevice").left).to.deep.include({ numVfs: 0, virtualFunctions: [] });
  });

  it("answers every lookup", () => {
    expect(result.lookups).to.deep.equal({ devices: 2, vfs: 3, isCapable: true });
  });

  it("tells in check which VFs the change destroys", () => {
    expect(result.told.join("\n")).to.contain("2 → 3 VFs");
  });

  it("gives the count back on delete", async () => {
    const device = await lab.client.get(SRIOV_NETWORK_DEVICE, `${NODE_NAME}-eno49`);
    expect(device.spec.numVFS).to.equal(0);
    expect(device.status?.virtualFunctions).to.deep.equal([]);
  });
});
