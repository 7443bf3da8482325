import { expect } from "chai";
import { acknowledge, isReported, reportGone, reportStatus } from "../../../reconciler/agent/change/report.js";
import { deviceObject, physicalFunction, virtualFunctions as vfs } from "./nic.js";

const NOW = new Date("2026-01-02T03:04:05.678Z");
const configured = { kind: "configured" } as const;
const nicWithTwo = physicalFunction({ virtualFunctions: vfs(2) });

describe("the status of a device", () => {
  it("has the VFs in order", () => {
    const status = reportStatus(deviceObject(), nicWithTwo, configured, NOW);
    expect(status.status).to.equal("sriovNetworkDeviceEnabled");
    expect(status.vfAddresses).to.deep.equal(["0000:04:10.0", "0000:04:10.2"]);
    expect(status.vfPCIDevices).to.deep.equal(["node1-000004100", "node1-000004102"]);
    expect(status.virtualFunctions[1]).to.deep.equal({
      index: 1,
      address: "0000:04:10.2",
      pciDevice: "node1-000004102",
      interfaceName: "eno49v1",
      driver: "ixgbevf",
      macAddress: "02:00:00:00:00:01",
      iommuGroup: "41",
    });
  });

  it("has every VF field empty where there are none", () => {
    const status = reportStatus(deviceObject(), physicalFunction(), configured, NOW);
    expect(status.status).to.equal("sriovNetworkDeviceDisabled");
    expect([status.vfAddresses, status.vfPCIDevices, status.virtualFunctions]).to.deep.equal([[], [], []]);
  });

  it("tells the NIC's identity", () => {
    const status = reportStatus(deviceObject(), physicalFunction(), configured, NOW);
    expect(status).to.include({ totalVFs: 63, interfaceName: "eno49", vendorId: "8086", deviceId: "10fb" });
    expect(status).to.include({ driver: "ixgbe", macAddress: "02:00:00:00:00:01", linkState: "up" });
  });

  it("has empty texts for what a NIC without driver and interface lacks", () => {
    const { driver, ...driverless } = physicalFunction();
    const bare = { ...driverless, interfaces: [] };
    const status = reportStatus(deviceObject(), bare, configured, NOW);
    expect(status).to.include({ interfaceName: "", driver: "", macAddress: "", linkState: "" });
  });

  it("speaks of the generation that was acted on", () => {
    const status = reportStatus(deviceObject({ generation: 7 }), nicWithTwo, configured, NOW);
    expect(status.observedGeneration).to.equal(7);
    expect(status.conditions[0]?.observedGeneration).to.equal(7);
  });

  const outcomes = [
    [{ kind: "configured" }, "True", "Configured", "2 of 63 VFs"],
    [{ kind: "unmanaged" }, "True", "Unmanaged", "nobody has set a count; the NIC keeps 2 of 63 VFs"],
    [{ kind: "inUse", message: "m" }, "False", "InUse", "m"],
    [{ kind: "tooMany", message: "m" }, "False", "TooManyVFs", "m"],
    [{ kind: "kernelRefused", message: "m" }, "False", "KernelRefused", "m"],
  ] as const;
  for (const [outcome, status, reason, message] of outcomes) {
    it(`is Ready ${status} with reason ${reason} after ${outcome.kind}`, () => {
      const [condition] = reportStatus(deviceObject(), nicWithTwo, outcome, NOW).conditions;
      expect(condition).to.include({ type: "Ready", status, reason, message });
    });
  }
});

describe("the time of a condition's last transition", () => {
  const timeAfter = (before: "True" | "False") =>
    reportStatus(deviceObject({ ready: { status: before } }), nicWithTwo, configured, NOW).conditions[0]
      ?.lastTransitionTime;

  it("is now where the status changes, in whole seconds", () => {
    expect(timeAfter("False")).to.equal("2026-01-02T03:04:05Z");
  });

  it("stays where the status stays, whatever the reason", () => {
    expect(timeAfter("True")).to.equal("2020-01-01T00:00:00Z");
  });

  it("is now where there was no condition", () => {
    const [condition] = reportStatus(deviceObject(), nicWithTwo, configured, NOW).conditions;
    expect(condition?.lastTransitionTime).to.equal("2026-01-02T03:04:05Z");
  });
});

describe("the status of a device that is gone", () => {
  const gone = reportGone(deviceObject({ generation: 3 }), NOW);

  it("keeps nothing of its VFs", () => {
    expect(gone).to.deep.include({ vfAddresses: [], vfPCIDevices: [], virtualFunctions: [] });
    expect(gone.status).to.equal("sriovNetworkDeviceDisabled");
  });

  it("says which address is missing on which node", () => {
    expect(gone.conditions?.[0]).to.include({ status: "False", reason: "DeviceGone", observedGeneration: 3 });
    expect(gone.conditions?.[0]?.message).to.include("0000:04:00.0 on node1");
  });
});

describe("the acknowledgement of a generation", () => {
  it("says only that, and to which count", () => {
    const status = acknowledge(deviceObject({ generation: 2, numVFS: 6 }), NOW);
    expect(Object.keys(status)).to.have.members(["observedGeneration", "conditions"]);
    expect(status.conditions?.[0]).to.include({
      status: "False",
      reason: "Configuring",
      message: "changing the count to 6",
    });
  });
});

describe("a status that would be written", () => {
  const device = deviceObject();
  const status = reportStatus(device, nicWithTwo, configured, NOW);

  it("is reported already where it is the same in every field", () => {
    expect(isReported({ ...device, status: { ...status, extra: "another's" } as typeof status }, status)).to.equal(
      true,
    );
  });

  it("is not where one field differs", () => {
    expect(isReported({ ...device, status: { ...status, linkState: "down" } }, status)).to.equal(false);
  });

  it("is not where there was none", () => {
    expect(isReported(device, status)).to.equal(false);
  });
});
