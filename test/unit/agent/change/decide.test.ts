import { expect } from "chai";
import { decide } from "../../../../reconciler/agent/change/decide.js";
import { parsePciAddress, type PciAddress } from "../../../../reconciler/kernel/kernel.js";
import { deviceObject, physicalFunction, virtualFunctions } from "../nic.js";

const NOBODY: ReadonlyMap<PciAddress, string> = new Map();

describe("what is to be done about a NIC", () => {
  const withFour = physicalFunction({ virtualFunctions: virtualFunctions(4) });

  it("is nothing while its object is as it was made and nobody owns the count", () => {
    expect(decide(deviceObject({ numVFS: 0 }), withFour, NOBODY)).to.deep.equal({ kind: "unmanaged" });
  });

  it("is a change as soon as somebody owns the count, in the first generation too", () => {
    const decision = decide(deviceObject({ numVFS: 0, countOwner: "kubectl" }), withFour, NOBODY);
    expect(decision.kind === "change" && decision.plan.writes).to.deep.equal([0]);
  });

  it("is a change in a later generation, also where nobody owns the count any more", () => {
    expect(decide(deviceObject({ numVFS: 0, generation: 2 }), withFour, NOBODY)).to.have.property("kind", "change");
  });

  it("is nothing where the count is there", () => {
    expect(decide(deviceObject({ numVFS: 4, generation: 2 }), withFour, NOBODY)).to.deep.equal({ kind: "settled" });
  });

  it("is a change by way of 0 that tells the VFs that go, and who uses them", () => {
    const users = new Map([[parsePciAddress("0000:04:10.2"), "pod web/router-0"]]);
    const decision = decide(deviceObject({ numVFS: 6, generation: 2 }), withFour, users);
    expect(decision).to.have.nested.property("plan.writes").that.deep.equals([0, 6]);
    expect(decision).to.have.nested.property("plan.destroyed.length", 4);
    expect(decision).to.have.nested.property("plan.destroyed[1]").that.deep.equals({
      address: "0000:04:10.2",
      interfaceName: "eno49v1",
      usedBy: "pod web/router-0",
    });
  });

  it("is to refuse a count above the maximum", () => {
    expect(decide(deviceObject({ numVFS: 64, generation: 2 }), withFour, NOBODY)).to.deep.equal({
      kind: "tooMany",
      message:
        "node1-eno49 supports at most 63 VFs, not 64. Ask for fewer, or raise the maximum in the NIC's firmware.",
    });
  });

  it("is to remove the VFs where an object without the default has no count any more", () => {
    expect(decide(deviceObject({ generation: 3 }), withFour, NOBODY)).to.have.nested.property("plan.to", 0);
  });
});
