import { expect } from "chai";
import { durationMs } from "../../../provider/core/timeouts.js";

describe("durationMs", () => {
  const durations: readonly (readonly [string, number | undefined])[] = [
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["1.5m", 90_000],
    ["250ms", 250],
    ["0s", 0],
    ["", undefined],
    ["5", undefined],
    ["soon", undefined],
    ["5m soon", undefined],
    ["-5m", undefined],
  ];
  for (const [text, ms] of durations) {
    it(`reads "${text}" as ${ms === undefined ? "no duration" : `${ms} ms`}`, () => {
      expect(durationMs(text)).to.equal(ms);
    });
  }
});
