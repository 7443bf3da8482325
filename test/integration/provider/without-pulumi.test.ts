import { expect } from "chai";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { sharedLab } from "../../shared-lab.js";
import type { CoreAlone } from "./core-alone.js";

describe("the provider's core in a process without Pulumi", () => {
  let result: CoreAlone;

  before(async () => {
    const lab = await sharedLab();
    await lab.addSimulatedNode("core-alone");
    const child = fork(join(__dirname, "core-alone.js"), [lab.controlPlane.kubeconfig, "core-alone", "eno49"]);
    [result] = (await once(child, "message")) as [CoreAlone];
  });

  it("loads no module of Pulumi", () => {
    expect(result.pulumiModules).to.deep.equal([]);
  });

  it("finds the device in check", () => {
    expect(result.checked).to.equal("core-alone-eno49");
  });

  it("creates and changes VFs, and returns when they are there", () => {
    expect([result.created, result.updated]).to.deep.equal([2, 3]);
  });

  it("claims a VF, and gives it back", () => {
    expect(result.claimed).to.equal("vfio-pci");
  });

  it("tells in check which VFs the change destroys", () => {
    expect(result.told).to.have.length(1);
    expect(result.told[0]).to.contain("2 → 3 VFs; 2 VFs destroyed, 3 VFs created");
  });

  it("gives the count back on delete", async () => {
    const lab = await sharedLab();
    const device = await lab.client.get(SRIOV_NETWORK_DEVICE, "core-alone-eno49");
    expect(device.spec.numVFS).to.equal(0);
    expect(device.status?.virtualFunctions).to.deep.equal([]);
  });
});
