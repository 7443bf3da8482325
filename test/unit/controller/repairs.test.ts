import { expect } from "chai";
import { Repairs } from "../../../reconciler/controller/repairs.js";

describe("what is put back again and again", () => {
  let now: number;
  let repairs: Repairs;
  beforeEach(() => {
    now = 0;
    repairs = new Repairs(() => now);
  });

  /** Writes as soon as it may, so many times; the pauses before each. */
  function write(times: number, wanted: unknown = "a"): number[] {
    return Array.from({ length: times }, () => {
      const pause = repairs.pauseBefore("team/storage", wanted);
      now += pause;
      repairs.wrote("team/storage", wanted);
      return pause;
    });
  }

  it("is made and put back the first time at once, then after pauses that grow to a minute", () => {
    expect(write(10)).to.deep.equal([0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it("is written at once where it is something else", () => {
    write(5);
    expect(write(2, "b")).to.deep.equal([0, 0]);
  });

  it("is written at once in another place", () => {
    write(5);
    expect(repairs.pauseBefore("web/storage", "a")).to.equal(0);
  });

  it("is put back at once when it was left alone for a while", () => {
    write(5);
    now += 60_000;
    expect(write(2)).to.deep.equal([0, 1_000]);
  });
});
