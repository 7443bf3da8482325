import { expect } from "chai";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { outputsOf } from "../../../provider/core/device/device-outputs.js";

const spec = { address: "0000:04:00.0", nodeName: "node1", numVFS: 1 };
const device: SriovNetworkDevice = {
  metadata: { name: "node1-eno49" },
  spec,
  status: {
    interfaceName: "eno49",
    totalVFs: 63,
    vfAddresses: ["0000:04:10.0"],
    vfPCIDevices: ["node1-000004100"],
    virtualFunctions: [{ index: 0, address: "0000:04:10.0", pciDevice: "node1-000004100" }],
    conditions: [
      { type: "Ready", status: "True", reason: "Configured", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
    ],
  },
};

describe("outputsOf", () => {
  it("puts out the NIC as the agent reported it, with nothing undefined", () => {
    expect(outputsOf(device, { numVfs: 1, resourceUrn: "urn" }, "manager")).to.deep.equal({
      resourceUrn: "urn",
      nodeName: "node1",
      deviceName: "node1-eno49",
      interfaceName: "eno49",
      address: "0000:04:00.0",
      vendorId: "",
      deviceId: "",
      driver: "",
      numVfs: 1,
      totalVfs: 63,
      status: "Configured",
      vfAddresses: ["0000:04:10.0"],
      vfPciDevices: ["node1-000004100"],
      virtualFunctions: [
        { index: 0, address: "0000:04:10.0", interfaceName: "", driver: "", pciDevice: "node1-000004100" },
      ],
      fieldManager: "manager",
    });
  });

  it("tolerates an object without any status", () => {
    const outputs = outputsOf({ metadata: device.metadata, spec }, { numVfs: 1 }, undefined);
    expect(outputs).to.include({ totalVfs: 0, status: "" }).and.not.to.have.property("fieldManager");
    expect(outputs.virtualFunctions).to.deep.equal([]);
  });

  it("falls back on the name at discovery where the status has none", () => {
    const annotations = { "sriov.devices.harvesterhi.io/interface-name": "eno49" };
    const unreported = { metadata: { ...device.metadata, annotations }, spec };
    expect(outputsOf(unreported, { numVfs: 1 }, undefined).interfaceName).to.equal("eno49");
  });

  it("keeps the settings that only the program knows", () => {
    const settings = { numVfs: 1, forceConflicts: true, timeouts: { create: "1m" } };
    expect(outputsOf(device, settings, undefined)).to.deep.include({
      forceConflicts: true,
      timeouts: { create: "1m" },
    });
  });
});
