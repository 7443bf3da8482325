import { expect } from "chai";
import { formatVfRange, overlaps, parsePfName, parseVfRange } from "../../../../plan/policies/vf-range.js";

describe("an entry of pfNames", () => {
  it("may be a name alone", () => {
    expect(parsePfName("ens1f0")).to.deep.equal({ name: "ens1f0", range: undefined });
  });

  it("may have a range of VFs behind #", () => {
    expect(parsePfName("ens1f0#0-3")).to.deep.equal({ name: "ens1f0", range: { first: 0, last: 3 } });
  });

  it("may have one VF", () => {
    expect(parsePfName("ens1f0#7-7")?.range).to.deep.equal({ first: 7, last: 7 });
  });

  const malformed = [
    "",
    "#",
    "#0-3",
    "ens1f0#",
    "ens1f0#3",
    "ens1f0#0-3#4-5",
    "ens1f0#0-3-5",
    "ens 1f0",
    "a/b",
    "a b#0-1",
  ];
  for (const text of malformed) {
    it(`may not be ${JSON.stringify(text)}`, () => expect(parsePfName(text)).to.equal(undefined));
  }
});

describe("a range of VFs", () => {
  for (const text of [
    "",
    "-",
    "0",
    "0-",
    "-3",
    "a-c",
    "0-c",
    "3-2",
    "0--3",
    "+0-3",
    "0-3 ",
    " 0-3",
    "0x1-2",
    "1.0-2",
  ]) {
    it(`may not be ${JSON.stringify(text)}`, () => expect(parseVfRange(text)).to.equal(undefined));
  }

  it("may not have more digits than a number is exact for", () => {
    expect(parseVfRange("0-999999999")).to.deep.equal({ first: 0, last: 999_999_999 });
    expect(parseVfRange("0-1000000000")).to.equal(undefined);
    expect(parseVfRange("1000000000-1000000001")).to.equal(undefined);
  });

  it("is compared as numbers, not as texts", () => {
    expect(parseVfRange("9-10")).to.deep.equal({ first: 9, last: 10 });
  });

  it("is written as it is read", () => expect(formatVfRange({ first: 4, last: 11 })).to.equal("4-11"));
});

describe("two ranges", () => {
  const range = (text: string) => parseVfRange(text) ?? { first: -1, last: -1 };
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["0-3", "4-7", false],
    ["0-3", "3-7", true],
    ["0-7", "2-3", true],
    ["2-3", "0-7", true],
    ["0-3", "0-3", true],
    ["0-0", "1-1", false],
  ];
  for (const [a, b, overlap] of cases) {
    it(`${a} and ${b} ${overlap ? "overlap" : "are apart"}, whichever comes first`, () => {
      expect(overlaps(range(a), range(b))).to.equal(overlap);
      expect(overlaps(range(b), range(a))).to.equal(overlap);
    });
  }
});
