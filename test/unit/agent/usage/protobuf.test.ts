import { expect } from "chai";
import { bytesFields } from "../../../../reconciler/agent/usage/protobuf.js";

const fields = (...bytes: number[]) =>
  [...bytesFields(Buffer.from(bytes))].map(([number, values]) => [number, values.map(String)]);

describe("a protobuf message", () => {
  it("of nothing has no fields", () => {
    expect(fields()).to.deep.equal([]);
  });

  it("has the values of a repeated field in order", () => {
    expect(fields(0x0a, 1, 97, 0x12, 0, 0x0a, 2, 98, 99)).to.deep.equal([
      [1, ["a", "bc"]],
      [2, [""]],
    ]);
  });

  it("has what follows numbers of every width", () => {
    const numbers = [0x08, 0xff, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4];
    expect(fields(...numbers, 0x22, 1, 97)).to.deep.equal([[4, ["a"]]]);
  });

  it("has values that are longer than one byte can say", () => {
    const value = Array.from({ length: 300 }, () => 97);
    expect(fields(0x0a, 0xac, 0x02, ...value)).to.deep.equal([[1, ["a".repeat(300)]]]);
  });

  it("has fields whose numbers are longer than one byte can say", () => {
    expect(fields(0x82, 0x01, 1, 97)).to.deep.equal([[16, ["a"]]]);
  });

  for (const [what, bytes] of [
    ["in a value", [0x0a, 2, 97]],
    ["in a length", [0x0a, 0xac]],
    ["in a number", [0x0d, 1]],
    ["with a wire type that there is not", [0x0b]],
  ] as const) {
    it(`is an error where it ends ${what}`, () => {
      expect(() => fields(...bytes)).to.throw(RangeError);
    });
  }
});
