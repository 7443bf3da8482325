import { expect } from "chai";
import { describePlan, describeVf, type PlannedVf, planVfCount, usedVfs } from "../../../plan/vf-count.js";

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

describe("a VF in words", () => {
  it("is its address, its interface and who uses it", () => {
    expect(describeVf({ address: "0000:04:10.0", interfaceName: "eno49v0", usedBy: "VM default/db" })).to.equal(
      "0000:04:10.0 (eno49v0), used by VM default/db",
    );
  });

  it("leaves out an empty interface and an empty user", () => {
    expect(describeVf({ address: "0000:04:10.0", interfaceName: "", usedBy: "" })).to.equal("0000:04:10.0");
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
