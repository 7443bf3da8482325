import { expect } from "chai";
import { inspect } from "node:util";
import { aboveMaximumProblem, addressProblem, nameProblem, numVfsProblem } from "../../../plan/device-inputs.js";

describe("a VF count", () => {
  for (const count of [0, 1, 63]) it(`may be ${count}`, () => expect(numVfsProblem(count)).to.equal(undefined));

  const refused: [unknown, string][] = [
    [-1, "must be 0 or more, not -1"],
    [1.5, "must be a whole number, not 1.5"],
    [Number.NaN, "must be a whole number, not NaN"],
    [Number.POSITIVE_INFINITY, "must be a whole number, not Infinity"],
    ["4", 'must be a number, not the text "4"'],
    [undefined, "must be a number, not nothing"],
    [null, "must be a number, not nothing"],
    [true, "must be a number, not boolean true"],
    [[4], "must be a number, not a list"],
    [{}, "must be a number, not an object"],
  ];
  for (const [value, problem] of refused) {
    it(`may not be ${inspect(value)}`, () => {
      expect(numVfsProblem(value)).to.equal(problem);
    });
  }
});

describe("the maximum of a NIC", () => {
  it("may be reached", () => expect(aboveMaximumProblem("node1-eno49", 63, 63)).to.equal(undefined));

  it("stops nobody while it is not known", () => {
    expect(aboveMaximumProblem("node1-eno49", 64, undefined)).to.equal(undefined);
  });

  it("is told with the device and both numbers", () => {
    expect(aboveMaximumProblem("node1-eno49", 64, 63)).to.equal("node1-eno49 supports at most 63 VFs, not 64");
  });

  it("is told in the singular", () => {
    expect(aboveMaximumProblem("node1-eno49", 2, 1)).to.equal("node1-eno49 supports at most 1 VF, not 2");
  });
});

describe("a PCI address", () => {
  for (const address of ["0000:04:00.0", "10000:e1:00.7", "0000:ff:1f.7"]) {
    it(`may be ${address}`, () => expect(addressProblem(address)).to.equal(undefined));
  }
  for (const address of [
    "04:00.0",
    "0000:04:00.8",
    "0000:04:20.0",
    "0000:AF:00.0",
    "0000:04:00.0\n",
    "x0000:04:00.0",
    "",
  ]) {
    it(`may not be ${JSON.stringify(address)}`, () => expect(addressProblem(address)).to.include("0000:04:00.0"));
  }
  it("may not be a list of one", () => expect(addressProblem(["0000:04:00.0"])).to.match(/ not a list$/));
  it("may not be missing", () => {
    expect(addressProblem(undefined)).to.match(/^must be a PCI address .* not nothing$/);
  });
});

describe("a name", () => {
  it("may be any text", () => expect(nameProblem("node1")).to.equal(undefined));
  it("may not be blank", () => expect(nameProblem("  ")).to.equal('must be a name, not the text "  "'));
  it("may not be missing", () => expect(nameProblem(undefined)).to.equal("must be a name, not nothing"));
});
