import { expect } from "chai";
import { durationMs, timeLimit, timeoutsFailures } from "../../../provider/core/timeouts.js";

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

describe("timeLimit", () => {
  it("is five minutes where the program says nothing, and names the option of the operation", () => {
    const moreTime = "More time: customTimeouts.delete (5m now).";
    expect(timeLimit("delete", { create: "1m" })).to.deep.equal({ ms: 300_000, moreTime });
  });

  it("is what the program says for the operation", () => {
    const moreTime = "More time: customTimeouts.update (90s now).";
    expect(timeLimit("update", { create: "1m", update: "90s" })).to.deep.equal({ ms: 90_000, moreTime });
  });

  it("is the default where the program says zero, as in Pulumi's protocol", () => {
    expect(timeLimit("create", { create: "0s" })).to.deep.equal(timeLimit("create"));
  });

  it("of a check or a read is the default, which no option changes", () => {
    for (const kind of ["check", "read"] as const)
      expect(timeLimit(kind, { create: "1h" })).to.deep.equal({ ms: 300_000, moreTime: "" });
  });
});

describe("timeoutsFailures", () => {
  it("names the option that is no duration", () => {
    const reason = 'customTimeouts.update must be a duration such as 5m, not "soon"';
    expect(timeoutsFailures({ create: "5m", update: "soon" })).to.deep.equal([{ property: "timeouts", reason }]);
  });

  it("finds nothing wrong with durations, and with none at all", () => {
    expect([...timeoutsFailures({ create: "5m", delete: "1h30m" }), ...timeoutsFailures(undefined)]).to.deep.equal([]);
  });
});
