import { expect } from "chai";
import { Label } from "../../../api/names.js";
import { wantedFunction, wantedVirtualFunction } from "../../../reconciler/agent/pci/wanted-pci-device.js";
import { parsePciAddress, type PciFunction } from "../../../reconciler/kernel/kernel.js";

function pciFunction(address: string): PciFunction {
  return { address: parsePciAddress(address), vendorId: "8086", deviceId: "10fb", classId: "020000" };
}

describe("the labels of PCIDevices that shall be", () => {
  const always = { [Label.nodeName]: "node1", [Label.absent]: null };

  it("name a VF's NIC on the VF alone: the NIC's own has none of the VF's", () => {
    const nic = wantedFunction("node1", pciFunction("0000:04:00.0"), {}, false);
    const vf = wantedVirtualFunction("node1", "node1-eno49", pciFunction("0000:04:10.0"), {});
    expect(nic.labels).to.deep.equal({ ...always, [Label.virtualFunction]: "false", [Label.parentDevice]: null });
    expect(vf.labels).to.deep.equal({
      ...always,
      [Label.virtualFunction]: "true",
      [Label.parentDevice]: "node1-eno49",
    });
  });

  it("name each VF's own NIC, where two NICs have VFs", () => {
    const vfs = ["node1-eno49", "node1-eno50"].map((parent, port) =>
      wantedVirtualFunction("node1", parent, pciFunction(`0000:04:10.${port}`), {}),
    );
    expect(vfs.map(({ labels }) => labels[Label.parentDevice])).to.deep.equal(["node1-eno49", "node1-eno50"]);
  });
});
