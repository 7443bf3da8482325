import { expect } from "chai";
import { namedPolicies } from "../../../reconciler/controller/policies/named-policies.js";

describe("policies in the words of a message", () => {
  it("are named where they are few", () => {
    expect(namedPolicies(["a"])).to.equal("policy a");
    expect(namedPolicies(["a", "b", "c"])).to.equal("policies a, b, c");
  });

  it("are counted but for three where they are many, so that every NIC's message has room in a status", () => {
    const thousand = Array.from({ length: 1_000 }, (_, index) => `p${index}`);
    expect(namedPolicies(thousand)).to.equal("policies p0, p1, p2 and 997 more");
  });
});
