import { expect } from "chai";
import type { SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import { decide, isManaged } from "../../../../reconciler/agent/change/decide.js";
import { parsePciAddress, type PciAddress } from "../../../../reconciler/kernel/kernel.js";
import { deviceObject, physicalFunction, vfGroup, virtualFunctions } from "../nic.js";

const NOBODY: ReadonlyMap<PciAddress, string> = new Map();

/** Somebody owns its count. */
function declared(numVFS?: number): SriovNetworkDevice {
  return deviceObject({ ...(numVFS !== undefined && { numVFS }), generation: 2, countOwner: "kubectl" });
}

describe("whether anybody ever declared a count", () => {
  const withGroups = { mtu: 9000, vfGroups: [vfGroup("0-3")] };

  it("is so while somebody owns it, in the first generation too", () => {
    expect(isManaged(deviceObject({ numVFS: 0, countOwner: "kubectl" }))).to.equal(true);
  });

  it("is so once it was, though nobody owns it any more", () => {
    const status = { countManaged: true, observedGeneration: 2 };
    expect(isManaged(deviceObject({ numVFS: 0, generation: 3, status }))).to.equal(true);
  });

  for (const reason of ["Unmanaged", "Configuring", "KernelRefused", "GroupsInUse", "DeviceGone"]) {
    it(`is not so by edits of MTU and groups, though Ready has been ${reason}`, () => {
      const status = { countManaged: false, observedGeneration: 7 };
      const edited = deviceObject({ ...withGroups, numVFS: 0, generation: 8, status, ready: { reason } });
      expect(isManaged(edited)).to.equal(false);
    });
  }

  it("is not so by edits before the first report", () => {
    expect(isManaged(deviceObject({ ...withGroups, numVFS: 0, generation: 2 }))).to.equal(false);
  });

  it("is so where an agent of before this was on record saw a later generation", () => {
    expect(isManaged(deviceObject({ numVFS: 0, generation: 3, status: { observedGeneration: 2 } }))).to.equal(true);
  });

  it("is not so where such an agent saw the first one alone", () => {
    const status = { observedGeneration: 1 };
    expect(isManaged(deviceObject({ ...withGroups, numVFS: 0, generation: 2, status }))).to.equal(false);
  });
});

describe("what is to be done about a NIC", () => {
  const withFour = physicalFunction({ virtualFunctions: virtualFunctions(4) });

  it("is nothing while its object is as it was made and nobody owns the count", () => {
    expect(decide(deviceObject({ numVFS: 0 }), withFour, NOBODY)).to.deep.equal({ kind: "unmanaged" });
  });

  it("is a change as soon as somebody owns the count, in the first generation too", () => {
    const decision = decide(deviceObject({ numVFS: 0, countOwner: "kubectl" }), withFour, NOBODY);
    expect(decision.kind === "change" && decision.plan.writes).to.deep.equal([0]);
  });

  it("is a change where the count was released", () => {
    const released = deviceObject({ numVFS: 0, generation: 3, status: { countManaged: true } });
    expect(decide(released, withFour, NOBODY)).to.have.nested.property("plan.to", 0);
  });

  it("is nothing where groups and MTU alone were edited, whatever count the schema put there", () => {
    const edited = deviceObject({ numVFS: 0, mtu: 9000, vfGroups: [vfGroup("0-3")], generation: 5 });
    expect(decide(edited, withFour, NOBODY)).to.deep.equal({ kind: "unmanaged" });
  });

  it("is nothing where the count is there", () => {
    expect(decide(declared(4), withFour, NOBODY)).to.deep.equal({ kind: "settled" });
  });

  it("is a change by way of 0 that tells the VFs that go, and who uses them", () => {
    const users = new Map([[parsePciAddress("0000:04:10.2"), "pod web/router-0"]]);
    const decision = decide(declared(6), withFour, users);
    expect(decision).to.have.nested.property("plan.writes").that.deep.equals([0, 6]);
    expect(decision).to.have.nested.property("plan.destroyed.length", 4);
    expect(decision).to.have.nested.property("plan.destroyed[1]").that.deep.equals({
      address: "0000:04:10.2",
      interfaceName: "eno49v1",
      usedBy: "pod web/router-0",
    });
  });

  it("is to refuse a count above the maximum", () => {
    expect(decide(declared(64), withFour, NOBODY)).to.deep.equal({
      kind: "tooMany",
      message:
        "node1-eno49 supports at most 63 VFs, not 64. Ask for fewer, or raise the maximum in the NIC's firmware.",
    });
  });

  it("is to remove the VFs where an object without the default has no count any more", () => {
    expect(decide(declared(), withFour, NOBODY)).to.have.nested.property("plan.to", 0);
  });
});
