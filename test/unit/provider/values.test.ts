import { expect } from "chai";
import { splitUnknown, withoutUndefined } from "../../../provider/dynamic/values.js";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("splitUnknown", () => {
  it("takes out what is unknown, at any depth, and names it", () => {
    const split = splitUnknown({ a: 1, b: unknown, c: [{ d: unknown }], e: { f: null }, g: undefined });
    expect(split.known).to.deep.equal({ a: 1, e: { f: null }, g: undefined });
    expect([...split.unknown]).to.deep.equal(["b", "c"]);
  });

  it("takes a text that only contains the mark for a text", () => {
    expect(splitUnknown({ a: `x${unknown}` }).unknown.size).to.equal(0);
  });
});

describe("withoutUndefined", () => {
  it("drops undefined keys at any depth, and keeps null, 0, false and empty texts", () => {
    const value = { a: undefined, b: { c: undefined, d: [{ e: undefined, f: 0 }] }, g: null, h: false, i: "" };
    expect(withoutUndefined(value)).to.deep.equal({ b: { d: [{ f: 0 }] }, g: null, h: false, i: "" });
  });
});
