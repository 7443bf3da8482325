import { expect } from "chai";
import { freshNic } from "./nics.js";
import { openStack } from "./stack.js";

describe("SriovNetworkDevice.get", () => {
  it("reads a NIC that somebody else manages, and takes no part in it", async () => {
    const nic = await freshNic();
    await nic.edit(2);
    const before = await nic.until("2 VFs", ({ status }) => status?.virtualFunctions?.length === 2);
    const stack = await openStack({
      program: (sriov) => {
        const { address, numVfs, vfAddresses, totalVfs } = sriov.SriovNetworkDevice.get("nic", nic.deviceName);
        return { address, numVfs, vfAddresses, totalVfs };
      },
    });
    const { outputs } = await stack.up();
    const vfAddresses = before.status?.vfAddresses;
    expect(outputs).to.deep.equal({ address: nic.address, numVfs: 2, vfAddresses, totalVfs: 7 });
    await stack.destroy();
    expect(await nic.device()).to.deep.equal(before);
  });

  it("fails where there is no such device, and lists those that there are", async () => {
    const { deviceName } = await freshNic();
    const stack = await openStack({
      program: (sriov) => ({ address: sriov.SriovNetworkDevice.get("nic", "e2e-node-eno1").address }),
    });
    const { error } = await stack.previewFails();
    expect(error).to.contain('there is no SriovNetworkDevice "e2e-node-eno1"').and.to.contain(deviceName);
  });
});
