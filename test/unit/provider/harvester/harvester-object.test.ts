import { expect } from "chai";
import { isUnmanaged, readyCondition } from "../../../../api/sriov-network-device.js";
import { describeDrift } from "../../../../provider/core/device/device-drift.js";
import { presentVfs } from "../../../../provider/core/device/device-outputs.js";
import { conflictMessage, countOwners } from "../../../../provider/core/device/field-ownership.js";
import { asOwnObject, RELEASING_FIELD_MANAGER } from "../../../../provider/core/device/harvester-object.js";
import { enabled, facts, nic } from "./harvester-nic.js";

const VFS = ["0000:04:10.0", "0000:04:10.2"];

describe("Harvester's NIC as this project's own", () => {
  const reason = (...given: Parameters<typeof asOwnObject>): string | undefined =>
    readyCondition(asOwnObject(...given))?.reason;
  const owners = (...given: Parameters<typeof nic>): (string | undefined)[] =>
    countOwners(asOwnObject(nic(...given), facts())).map(({ manager }) => manager);

  it("has no VFs, and a count of nobody's, as its controller makes it, without any status", () => {
    const device = asOwnObject(nic(0), facts());
    expect(presentVfs(device).numVfs).to.equal(0);
    expect(isUnmanaged(device)).to.equal(true);
    expect(countOwners(device)).to.deep.equal([]);
  });

  it("reads a status of nulls, which its CRD allows", () => {
    const device = asOwnObject(nic(0, { status: null, vfAddresses: null, vfPCIDevices: null }), facts());
    expect(device.status?.vfAddresses).to.deep.equal([]);
  });

  it("is configured once every VF is there and has its PCIDevice", () => {
    expect(reason(nic(2, enabled(...VFS)), facts(VFS))).to.equal("Configured");
    expect(reason(nic(2, enabled(...VFS)), facts(VFS.slice(1)))).to.equal("NotListed");
    expect(reason(nic(2, enabled(...VFS.slice(1))), facts(VFS))).to.equal("Configuring");
  });

  it("names VFs after their addresses, whatever vfPCIDevices says", () => {
    const status = { ...enabled(...VFS), vfPCIDevices: ["node1-000004104"] };
    expect(asOwnObject(nic(2, status), facts()).status?.vfPCIDevices).to.deep.equal([
      "node1-000004100",
      "node1-000004102",
    ]);
  });

  it("has its VFs in their order, though the controller lists the eleventh before the third", () => {
    const address = (index: number): string => `0000:04:1${Math.floor(index / 4)}.${(index % 4) * 2}`;
    const listed = [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9].map(address);
    const vfs = asOwnObject(nic(12, enabled(...listed)), facts()).status?.virtualFunctions ?? [];
    expect(vfs.map((vf) => vf.address)).to.deep.equal(vfs.map(({ index }) => address(index)));
  });

  it("tells who has claimed a VF, by the VF's PCIDevice", () => {
    const device = asOwnObject(nic(2, enabled(...VFS)), facts(VFS, { "node1-000004102": "alice" }));
    expect(device.status?.virtualFunctions?.map(({ usedBy }) => usedBy)).to.deep.equal([
      undefined,
      "claim node1-000004102 of alice",
    ]);
  });

  it("has no VFs of before a start of its node, which the status keeps for good: none is listed", () => {
    expect(presentVfs(asOwnObject(nic(0, enabled(...VFS)), facts())).numVfs).to.equal(0);
    expect(presentVfs(asOwnObject(nic(0, enabled(...VFS)), facts(VFS))).numVfs).to.equal(2);
    expect(presentVfs(asOwnObject(nic(2, enabled(...VFS)), facts())).numVfs).to.equal(2);
  });

  it("is owned by whoever has set the count", () => {
    expect(owners(2, undefined, ["alice"])).to.deep.equal(["pcidevices", "alice"]);
    expect(owners(0, undefined, ["alice"])).to.deep.equal(["alice"]);
  });

  it("is nobody's where a resource has left 0 behind", () => {
    expect(owners(0, undefined, [RELEASING_FIELD_MANAGER])).to.deep.equal([]);
    expect(owners(3, undefined, [RELEASING_FIELD_MANAGER])).to.include(RELEASING_FIELD_MANAGER);
  });

  it("is spoken of with its own field", () => {
    const device = asOwnObject(nic(2, undefined, ["alice"]), facts());
    expect(conflictMessage(device, 4, ["alice"], "refused")).to.contain("spec.numVFs is owned by");
    expect(describeDrift(device, { fieldManager: "ours" })[0]).to.contain("spec.numVFs is 2 and owned by");
  });

  it("has answered to a change once the status has as many VFs, since it tells no generation", () => {
    expect(asOwnObject(nic(2), facts()).status?.observedGeneration).to.equal(2);
    expect(asOwnObject(nic(2, enabled(...VFS)), facts()).status?.observedGeneration).to.equal(3);
  });
});
