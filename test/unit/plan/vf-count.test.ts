import { expect } from "chai";
import { describeLoss, describePlan, type PlannedVf, planVfCount, usedVfs } from "../../../plan/vf-count.js";

const vfs = (count: number, more: Partial<PlannedVf> = {}): PlannedVf[] =>
  Array.from({ length: count }, (_, index) => ({ address: `0000:04:10.${index * 2}`, ...more }));
const plan = (from: number, to: number, more?: Partial<PlannedVf>) =>
  planVfCount({ numVfs: from, virtualFunctions: vfs(from, more) }, to);

describe("the plan of a VF count change", () => {
  it("from 0 is one write that destroys nothing", () => {
    expect(plan(0, 4)).to.deep.equal({ from: 0, to: 4, writes: [4], destroyed: [], created: 4 });
  });

  it("to 0 is one write that destroys every VF", () => {
    expect(plan(4, 0)).to.deep.equal({ from: 4, to: 0, writes: [0], destroyed: vfs(4), created: 0 });
  });

  it("upward goes by way of 0 and destroys every VF", () => {
    expect(plan(2, 3)).to.deep.equal({ from: 2, to: 3, writes: [0, 3], destroyed: vfs(2), created: 3 });
  });

  it("downward goes by way of 0 and destroys every VF", () => {
    expect(plan(3, 2)).to.deep.equal({ from: 3, to: 2, writes: [0, 2], destroyed: vfs(3), created: 2 });
  });

  it("to the count that is there writes nothing", () => {
    expect(plan(4, 4)).to.deep.equal({ from: 4, to: 4, writes: [], destroyed: [], created: 0 });
  });

  it("from 0 to 0 writes nothing", () => {
    expect(plan(0, 0).writes).to.deep.equal([]);
  });
});

describe("the loss in words", () => {
  it("is nothing where no VF goes", () => {
    expect(describeLoss("node1-eno49", plan(0, 4))).to.equal(undefined);
  });

  it("is nothing where the count stays", () => {
    expect(describeLoss("node1-eno49", plan(4, 4))).to.equal(undefined);
  });

  it("names every VF, why they all go, and how many come", () => {
    expect(describeLoss("node1-eno49", plan(2, 6))).to.equal(
      "node1-eno49: changing numVfs from 2 to 6 destroys all 2 of its VFs, then creates 6 new ones " +
        "(Linux changes a VF count only by way of 0). VFs that go:\n  - 0000:04:10.0\n  - 0000:04:10.2",
    );
  });

  it("says nothing of new ones where none come", () => {
    expect(describeLoss("node1-eno49", plan(2, 0))).to.include("destroys all 2 of its VFs (Linux");
  });

  it("speaks of one VF in the singular", () => {
    expect(describeLoss("node1-eno49", plan(1, 0))).to.include("destroys its only VF (Linux");
  });

  it("speaks of one new VF in the singular", () => {
    expect(describeLoss("node1-eno49", plan(2, 1))).to.include("then creates 1 new one (Linux");
  });

  it("tells a VF's interface", () => {
    expect(describeLoss("d", plan(1, 0, { interfaceName: "eno49v0" }))).to.match(/- 0000:04:10\.0 \(eno49v0\)$/);
  });

  it("tells who uses a VF", () => {
    const loss = describeLoss("d", plan(1, 0, { interfaceName: "eno49v0", usedBy: "VM default/db" }));
    expect(loss).to.match(/- 0000:04:10\.0 \(eno49v0\), used by VM default\/db$/);
  });

  it("leaves out an empty interface and an empty user", () => {
    expect(describeLoss("d", plan(1, 0, { interfaceName: "", usedBy: "" }))).to.match(/- 0000:04:10\.0$/);
  });
});

describe("a plan in one line", () => {
  it("says what is written, and which VFs go", () => {
    const line = describePlan(plan(2, 6, { interfaceName: "eno49v0", usedBy: "pod web/router-0" }));
    expect(line).to.equal(
      "2 → 6 VFs, by writing 0, then 6; 2 VFs go: 0000:04:10.0 (eno49v0), used by pod web/router-0; " +
        "0000:04:10.2 (eno49v0), used by pod web/router-0",
    );
  });

  it("speaks of one VF in the singular", () => {
    expect(describePlan(plan(1, 0))).to.equal("1 → 0 VFs, by writing 0; 1 VF goes: 0000:04:10.0");
  });

  it("names no VFs where none go", () => {
    expect(describePlan(plan(0, 1))).to.equal("0 → 1 VF, by writing 1");
  });

  it("says of one that changes nothing only that", () => {
    expect(describePlan(plan(4, 4))).to.equal("4 → 4 VFs");
  });
});

describe("the VFs in use that go", () => {
  it("are those with a user", () => {
    expect(usedVfs(plan(2, 0, { usedBy: "pod web/router-0" }))).to.have.length(2);
  });

  it("are none where nobody has one", () => {
    expect(usedVfs(plan(2, 0, { usedBy: "" }))).to.deep.equal([]);
  });
});
