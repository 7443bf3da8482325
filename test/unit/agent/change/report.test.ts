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
import { Annotation } from "../../../../api/names.js";
import type { SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import { deviceObject, physicalFunction, port, vfGroup, virtualFunctions as vfs } from "../nic.js";

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
      mtu: 1500,
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

  it("tells the MTU, the link's type and other names of the NIC's interface", () => {
    const interfaces = [{ ...port("eno49"), mtu: 9000, alternativeNames: ["enp4s0f0", "ens1f0"] }];
    const status = reportStatus(deviceObject(), physicalFunction({ interfaces }), configured);
    expect(status).to.deep.include({ mtu: 9000, linkType: "eth", alternativeNames: ["enp4s0f0", "ens1f0"] });
  });

  it("has MTU 0, no link type and no names where there is no interface", () => {
    const status = reportStatus(deviceObject(), physicalFunction({ interfaces: [] }), configured);
    expect(status).to.deep.include({ mtu: 0, linkType: "", alternativeNames: [] });
  });

  it("puts on record whether somebody declared the count", () => {
    const of = (device: SriovNetworkDevice) => reportStatus(device, nicWithTwo, configured).countManaged;
    expect([of(deviceObject()), of(deviceObject({ countOwner: "kubectl" }))]).to.deep.equal([false, true]);
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
    [{ kind: "groupsInUse", message: "m" }, "False", "GroupsInUse", "m"],
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
    const status = acknowledge(deviceObject({ generation: 2, numVFS: 6, countOwner: "kubectl" }));
    expect(Object.keys(status)).to.have.members(["observedGeneration", "countManaged", "conditions"]);
    expect(status.conditions[0]).to.include({
      status: "False",
      reason: "Configuring",
      message: "changing the count to 6",
    });
  });
});

describe("the acknowledgement of an edit beside the count", () => {
  it("says that, and not that the count is changed", () => {
    const device = deviceObject({ generation: 2, numVFS: 0, vfGroups: [vfGroup("0-3")] });
    expect(acknowledge(device).conditions[0]?.message).to.equal("setting MTU and drivers");
  });
});

describe("the condition PolicyConflict", () => {
  const withAnnotation = (text: string): SriovNetworkDevice => {
    const device = deviceObject({ generation: 4 });
    return { ...device, metadata: { ...device.metadata, annotations: { [Annotation.policyConflict]: text } } };
  };

  it("is what the controller annotates, whatever else is reported", () => {
    const device = withAnnotation("policy a wants 4 VFs; pulumi owns the count");
    const reports = [reportStatus(device, nicWithTwo, configured), reportGone(device), acknowledge(device)];
    for (const { conditions } of reports) {
      expect(conditions.find(({ type }) => type === "PolicyConflict")).to.deep.equal({
        type: "PolicyConflict",
        status: "True",
        reason: "Conflict",
        message: "policy a wants 4 VFs; pulumi owns the count",
        observedGeneration: 4,
      });
    }
  });

  it("goes with the annotation", () => {
    const { conditions } = reportStatus(withAnnotation("m"), nicWithTwo, configured);
    const before = withConditions([], conditions, NOW);
    const after = withConditions(before, reportStatus(deviceObject(), nicWithTwo, configured).conditions, NOW);
    expect(after.map(({ type }) => type)).to.deep.equal(["Ready", "Eligible"]);
  });

  it("has no more characters than a condition may have", () => {
    const [, , conflict] = reportStatus(withAnnotation("x".repeat(40_000)), nicWithTwo, configured).conditions;
    expect(conflict?.message).to.have.length(32_768);
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
