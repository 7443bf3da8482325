import { expect } from "chai";
import fc from "fast-check";
import { jsonError, positionOf } from "../../../../plan/networks/json-syntax.js";

const NAME = "a property name in double quotes";

describe("the first error of a JSON text", () => {
  const right = [
    "{}",
    "[]",
    ' \t\r\n{ "a" : [ 1 , -0.5e+10 , 1E3 , true , false , null , "x" ] , "b" : { } } \n',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"',
    "0",
    '{"a":{"a":[[{}]]},"a":1}',
  ];
  for (const text of right) it(`is none in ${JSON.stringify(text)}`, () => expect(jsonError(text)).to.equal(undefined));

  const wrong: readonly (readonly [text: string, offset: number, expected: string])[] = [
    ["", 0, "a value"],
    ["  ", 2, "a value"],
    ["{", 1, NAME],
    ["{a:1}", 1, NAME],
    ["{'a':1}", 1, NAME],
    ['{"a"}', 4, '":"'],
    ['{"a" 1}', 5, '":"'],
    ['{"a":}', 5, "a value"],
    ['{"a":b}', 5, "a value"],
    ['{"a":1', 6, '"," or "}"'],
    ['{"a":1]', 6, '"," or "}"'],
    ['{"a":1 "b":2}', 7, '"," or "}"'],
    ['{"a":1,}', 7, NAME],
    ["[1,]", 3, "a value"],
    ["[1}", 2, '"," or "]"'],
    ["[1 2]", 3, '"," or "]"'],
    ["[,1]", 1, "a value"],
    ["{} x", 3, "the end of the text"],
    ["{}{}", 2, "the end of the text"],
    ['{"a', 3, "a closing double quote"],
    ['"a\nb"', 2, "a closing double quote"],
    ['"a\\x"', 2, "an escape such as \\n or \\u00e9"],
    ['"\\u12g4"', 1, "an escape such as \\n or \\u00e9"],
    ["01", 0, "a value"],
    ["+1", 0, "a value"],
    ["1.", 0, "a value"],
    [".5", 0, "a value"],
    ["1e", 0, "a value"],
    ["--1", 0, "a value"],
    ["NaN", 0, "a value"],
    ["True", 0, "a value"],
    ["trueish", 0, "a value"],
    ["nul", 0, "a value"],
    ["{} // comment", 3, "the end of the text"],
    ["\u00a0{}", 0, "a value"],
  ];
  for (const [text, offset, expected] of wrong) {
    it(`is at ${offset} in ${JSON.stringify(text)}`, () => {
      expect(jsonError(text)).to.deep.equal({ offset, expected });
    });
  }

  it("is the nesting where there is no end of it", () => {
    expect(jsonError("[".repeat(100_000))).to.deep.equal({ offset: 500, expected: "no more than 500 levels" });
  });

  it("is none in 500 levels, however many lists stand beside each other", () => {
    expect(jsonError("[".repeat(500) + "]".repeat(500))).to.equal(undefined);
    expect(jsonError(`[${"[],{},".repeat(1000)}0]`)).to.equal(undefined);
  });

  it("is none in a long text", () => expect(jsonError(JSON.stringify("é".repeat(1_000_000)))).to.equal(undefined));

  it("is there where JSON.parse finds one, and only there", () => {
    const almostJson = fc
      .tuple(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom("", ",", "}", "]", '"', "\\", ":", "x", "0", "-", " ", "."),
      )
      .map(([text, at, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1));
    fc.assert(
      fc.property(fc.oneof(almostJson, fc.json(), fc.string()), (text) => {
        expect(jsonError(text) === undefined).to.equal(isJson(text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a position in a text", () => {
  it("begins with 1", () => expect(positionOf("{}", 0)).to.equal("line 1, column 1"));
  it("counts lines", () => expect(positionOf('{\n  "a"\n}', 8)).to.equal("line 3, column 1"));
  it("counts columns from the line's beginning", () => expect(positionOf('{\n  "a"', 4)).to.equal("line 2, column 3"));
  it("may be the text's end", () => expect(positionOf("{\n", 2)).to.equal("line 2, column 1"));
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
