import { expect } from "chai";
import {
  acknowledge,
  isReported,
  reportFinding,
  reportGone,
  withConditions,
} from "../../../../reconciler/agent/change/report.js";
import type { Outcome } from "../../../../reconciler/agent/change/outcome.js";
import { parsePciAddress, type PhysicalFunction } from "../../../../reconciler/kernel/kernel.js";
import type { SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import { deviceObject, physicalFunction, virtualFunctions as vfs } from "../nic.js";

const NOW = new Date("2026-01-02T03:04:05.678Z");
const configured = { kind: "configured" } as const;
const nicWithTwo = physicalFunction({ virtualFunctions: vfs(2) });
const eligibility = { eligible: true, reason: "Eligible", message: "the NIC may have VFs" };
const users = new Map([[parsePciAddress("0000:04:10.2"), "pod web/router-0"]]);

function reportStatus(device: SriovNetworkDevice, nic: PhysicalFunction, outcome: Outcome) {
  return reportFinding(device, { nic, outcome, users: new Map(), eligibility });
}

describe("the status of a device", () => {
  it("has the VFs in order", () => {
    const status = reportStatus(deviceObject(), nicWithTwo, configured);
    expect(status.status).to.equal("sriovNetworkDeviceEnabled");
    expect(status.vfAddresses).to.deep.equal(["0000:04:10.0", "0000:04:10.2"]);
    expect(status.vfPCIDevices).to.deep.equal(["node1-000004100", "node1-000004102"]);
    expect(status.virtualFunctions?.[1]).to.deep.equal({
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
    const status = reportStatus(deviceObject(), physicalFunction(), configured);
    expect(status.status).to.equal("sriovNetworkDeviceDisabled");
    expect([status.vfAddresses, status.vfPCIDevices, status.virtualFunctions]).to.deep.equal([[], [], []]);
  });

  it("tells the NIC's identity", () => {
    const status = reportStatus(deviceObject(), physicalFunction(), configured);
    expect(status).to.include({ totalVFs: 63, interfaceName: "eno49", vendorId: "8086", deviceId: "10fb" });
    expect(status).to.include({ driver: "ixgbe", macAddress: "02:00:00:00:00:01", linkState: "up" });
  });

  it("has empty texts for what a NIC without driver and interface lacks", () => {
    const { driver, ...driverless } = physicalFunction();
    const bare = { ...driverless, interfaces: [] };
    const status = reportStatus(deviceObject(), bare, configured);
    expect(status).to.include({ interfaceName: "", driver: "", macAddress: "", linkState: "" });
  });

  it("speaks of the generation that was acted on", () => {
    const status = reportStatus(deviceObject({ generation: 7 }), nicWithTwo, configured);
    expect(status.observedGeneration).to.equal(7);
    expect(status.conditions[0]?.observedGeneration).to.equal(7);
  });

  const outcomes = [
    [{ kind: "configured" }, "True", "Configured", "2 of 63 VFs"],
    [{ kind: "configured", shortcoming: "eno49 is down" }, "True", "Configured", "2 of 63 VFs; eno49 is down"],
    [{ kind: "unmanaged" }, "True", "Unmanaged", "nobody has set a count; the NIC keeps 2 of 63 VFs"],
    [{ kind: "inUse", message: "m" }, "False", "InUse", "m"],
    [{ kind: "tooMany", message: "m" }, "False", "TooManyVFs", "m"],
    [{ kind: "kernelRefused", message: "m" }, "False", "KernelRefused", "m"],
  ] as const;
  for (const [outcome, status, reason, message] of outcomes) {
    it(`is Ready ${status} with reason ${reason} after ${outcome.kind}: ${message}`, () => {
      const [condition] = reportStatus(deviceObject(), nicWithTwo, outcome).conditions;
      expect(condition).to.include({ type: "Ready", status, reason, message });
    });
  }
});

describe("the users of VFs", () => {
  it("are told of each VF that has one", () => {
    const status = reportFinding(deviceObject(), { nic: nicWithTwo, outcome: configured, users, eligibility });
    expect(status.virtualFunctions?.map(({ usedBy }) => usedBy)).to.deep.equal([undefined, "pod web/router-0"]);
  });

  it("are absent, not empty, of a free one", () => {
    const status = reportFinding(deviceObject(), { nic: nicWithTwo, outcome: configured, users, eligibility });
    expect(status.virtualFunctions?.[0]).not.to.have.property("usedBy");
  });
});

describe("the condition Eligible", () => {
  it("says why a NIC may not be changed, whatever Ready says", () => {
    const reason = { eligible: false, reason: "ManagementInterface", message: "eno49 belongs to mgmt-br" };
    const finding = { nic: nicWithTwo, outcome: configured, users, eligibility: reason };
    const [ready, eligible] = reportFinding(deviceObject({ generation: 7 }), finding).conditions;
    expect(ready).to.include({ type: "Ready", status: "True" });
    expect(eligible).to.deep.equal({
      type: "Eligible",
      status: "False",
      reason: "ManagementInterface",
      message: "eno49 belongs to mgmt-br",
      observedGeneration: 7,
    });
  });
});

describe("the conditions that are written", () => {
  const ready = { type: "Ready", status: "True", reason: "Configured", message: "2 of 63 VFs" } as const;
  const before = (status: "True" | "False") => [{ ...ready, status, lastTransitionTime: "2020-01-01T00:00:00Z" }];

  it("have the present time, in whole seconds, where the status changes", () => {
    const [condition] = withConditions(before("False"), [ready], NOW);
    expect(condition?.lastTransitionTime).to.equal("2026-01-02T03:04:05Z");
  });

  it("keep their time where the status stays, whatever the reason", () => {
    const [condition] = withConditions(before("True"), [{ ...ready, reason: "Unmanaged" }], NOW);
    expect(condition?.lastTransitionTime).to.equal("2020-01-01T00:00:00Z");
  });

  it("have the present time where there were none", () => {
    expect(withConditions([], [ready], NOW)[0]?.lastTransitionTime).to.equal("2026-01-02T03:04:05Z");
  });

  it("leave those of others as they are", () => {
    const other = { ...ready, type: "Audited", lastTransitionTime: "2019-01-01T00:00:00Z" };
    expect(withConditions([other], [ready], NOW)[1]).to.equal(other);
  });
});

describe("the status of a device that is gone", () => {
  const gone = reportGone(deviceObject({ generation: 3 }));

  it("keeps nothing of its VFs", () => {
    expect(gone).to.deep.include({ vfAddresses: [], vfPCIDevices: [], virtualFunctions: [] });
    expect(gone.status).to.equal("sriovNetworkDeviceDisabled");
  });

  it("says which address is missing on which node", () => {
    expect(gone.conditions[0]).to.include({ status: "False", reason: "DeviceGone", observedGeneration: 3 });
    expect(gone.conditions[0]?.message).to.include("0000:04:00.0 on node1");
  });
});

describe("the acknowledgement of a generation", () => {
  it("says only that, and to which count", () => {
    const status = acknowledge(deviceObject({ generation: 2, numVFS: 6 }));
    expect(Object.keys(status)).to.have.members(["observedGeneration", "conditions"]);
    expect(status.conditions[0]).to.include({
      status: "False",
      reason: "Configuring",
      message: "changing the count to 6",
    });
  });
});

describe("a status that would be written", () => {
  const device = deviceObject();
  const report = reportStatus(device, nicWithTwo, configured);
  const status = { ...report, conditions: withConditions([], report.conditions, NOW) };

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
