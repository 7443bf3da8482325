import { expect } from "chai";
import type { PciDevice, PciDeviceStatus } from "../../../../api/pci-device.js";
import type { PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import { meantForVfio } from "../../../../reconciler/agent/change/meant-for-vfio.js";
import { deviceObject } from "../nic.js";

function pciDevice(name: string, address: string, parent = "node1-eno49"): PciDevice {
  const labels = { "harvesterhci.io/parent-sriov-network-device": parent };
  return { metadata: { name, labels }, status: { address } as PciDeviceStatus };
}

function claim(name: string, passthroughEnabled?: boolean): PciDeviceClaim {
  const spec = { address: "", nodeName: "node1", userName: "alice" };
  return { metadata: { name }, spec, ...(passthroughEnabled !== undefined && { status: { passthroughEnabled } }) };
}

describe("the VFs that guests are to have", () => {
  const vfs = [pciDevice("a", "0000:04:10.0"), pciDevice("b", "0000:04:10.2")];
  const meant = (pciDevices: readonly PciDevice[], ...claims: PciDeviceClaim[]) => [
    ...meantForVfio(deviceObject(), pciDevices, claims).entries(),
  ];

  it("are those with a claim whose passthrough is enabled", () => {
    expect(meant(vfs, claim("b", true))).to.deep.equal([["0000:04:10.2", undefined]]);
  });

  it("are none with a claim that is not carried out", () => {
    expect(meant(vfs, claim("a"), claim("b", false))).to.deep.equal([]);
  });

  it("are told with the index that is on record", () => {
    const virtualFunction = { physicalFunction: "0000:04:00.0", index: 1 };
    const status = { passthroughEnabled: true, virtualFunction };
    expect(meant(vfs, { ...claim("b"), status })).to.deep.equal([["0000:04:10.2", 1]]);
  });

  it("are none of another NIC", () => {
    expect(meant([pciDevice("a", "0000:05:10.0", "node1-eno50")], claim("a", true))).to.deep.equal([]);
  });

  it("are none without claims", () => {
    expect(meant(vfs)).to.deep.equal([]);
  });
});
