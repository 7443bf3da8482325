import { expect } from "chai";
import { mock } from "node:test";
import { type Progress, progress, withDuration } from "../../../provider/core/progress.js";

describe("what a resource's row says while an operation lasts", () => {
  let statuses: string[];
  let row: Progress;

  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
    statuses = [];
    const silent = (): void => undefined;
    row = progress({ inform: silent, warn: silent, status: (message) => void statuses.push(message) });
  });
  afterEach(() => mock.timers.reset());

  it("says at once what is going on", () => {
    row.status("waiting for the agent");
    expect(statuses).to.deep.equal(["waiting for the agent"]);
  });

  it("says every five seconds how long the same has been going on", () => {
    row.status("3 of 4 VFs");
    for (let looks = 0; looks < 13; looks++) mock.timers.tick(5_000);
    expect(statuses.slice(0, 3)).to.deep.equal(["3 of 4 VFs", "3 of 4 VFs, for 5 s", "3 of 4 VFs, for 10 s"]);
    expect(statuses.at(-1)).to.equal("3 of 4 VFs, for 1 min 5 s");
  });

  it("counts from when a new phase began, or from where it is told to", () => {
    row.status("3 of 4 VFs");
    mock.timers.tick(5_000);
    row.status("putting the count back");
    mock.timers.tick(5_000);
    row.status("the agent does not answer", Date.now() - 7_000);
    expect(statuses.slice(2)).to.deep.equal([
      "putting the count back",
      "putting the count back, for 5 s",
      "the agent does not answer, for 7 s",
    ]);
  });

  it("goes on counting where the same is said again", () => {
    row.status("3 of 4 VFs");
    mock.timers.tick(3_000);
    row.status("3 of 4 VFs");
    mock.timers.tick(2_000);
    expect(statuses).to.deep.equal(["3 of 4 VFs", "3 of 4 VFs, for 5 s"]);
  });

  it("tells of changes that follow each other at once only the last", () => {
    for (let ready = 0; ready <= 100; ready++) row.status(`${ready} of 100 NICs ready`);
    mock.timers.tick(1_000);
    expect(statuses).to.deep.equal(["0 of 100 NICs ready", "100 of 100 NICs ready"]);
  });

  it("ends with the last that was said, and says nothing more", () => {
    row.status("3 of 4 VFs");
    row.status("4 VFs");
    row.end();
    mock.timers.tick(60_000);
    expect(statuses).to.deep.equal(["3 of 4 VFs", "4 VFs"]);
  });

  it("says nothing more after the end, whatever the operation has left behind", () => {
    row.end();
    row.status("3 of 4 VFs");
    mock.timers.tick(60_000);
    expect(statuses).to.deep.equal([]);
  });

  it("makes one sentence of what others have ended with a full stop", () => {
    expect(withDuration("EBUSY. It is tried again.", 12_000)).to.equal("EBUSY. It is tried again, for 12 s");
  });
});
