import { expect } from "chai";
import { ApiError, ConnectionError, isUnanswered } from "../../../kube/errors.js";
import { BRIEF, growingPause, PATIENT, pause, pauseBefore } from "../../../kube/retries.js";

describe("what is tried again", () => {
  const answer = (http: number, retryAfterSeconds?: number): ApiError =>
    new ApiError("no", http, retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } });
  const isTriedAgain = (error: unknown, idempotent: boolean): boolean =>
    pauseBefore(error, idempotent, 1, BRIEF) !== undefined;

  const cases: readonly (readonly [string, unknown, boolean, boolean])[] = [
    // What happened; of something that may be made twice; of something that may not.
    ["too many requests", answer(429), true, true],
    ["a server that is not ready", answer(503), true, true],
    ["a server's own error", answer(500), true, false],
    ["a bad gateway", answer(502), true, false],
    ["a conflict", answer(409), false, false],
    ["a refusal", answer(403), false, false],
    ["a connection that broke", new ConnectionError("cut", "ECONNRESET"), true, false],
    ["an address where nobody listens", new ConnectionError("nobody", "ECONNREFUSED"), false, false],
    ["a name that is none", new ConnectionError("nobody", "ENOTFOUND"), false, false],
    ["a server that hangs", new ConnectionError("late", "ETIMEDOUT"), false, false],
    ["another server", new ConnectionError("the certificate is for another", "ERR_TLS"), false, false],
  ];
  for (const [title, error, twice, once] of cases) {
    it(`${title}: ${twice ? "yes" : "no"} of a read or an apply, ${once ? "yes" : "no"} of any other write`, () => {
      expect([isTriedAgain(error, true), isTriedAgain(error, false)]).to.deep.equal([twice, once]);
    });
  }

  it("comes back when the server says, more often than where it says nothing", () => {
    expect(pauseBefore(answer(429, 7), false, 20, PATIENT)).to.equal(7_000);
  });

  it("comes back as seldom as ever, and not later, for one that tries again by itself", () => {
    const pauses = [1, 3, 4].map((failures) => pauseBefore(answer(429, 2), false, failures, BRIEF));
    expect(pauses).to.deep.equal([2_000, 2_000, undefined]);
    expect(pauseBefore(answer(429, 60), false, 1, BRIEF)).to.equal(undefined);
  });

  it("pauses as ever where the server says to come back at once", () => {
    expect(pauseBefore(answer(429, 0), false, 1, PATIENT)).to.be.greaterThan(0);
    expect(pauseBefore(answer(429, 0), false, PATIENT.attempts, PATIENT)).to.equal(undefined);
  });

  it("does not come back before time where the server names more of it than a timer can count", async () => {
    const signal = AbortSignal.timeout(50);
    await pause(pauseBefore(answer(429, 1e9), true, 1, PATIENT) ?? 0, signal);
    expect(signal.aborted).to.equal(true);
  });

  it("is of unknown fate where no answer came, or one in place of the API server's", () => {
    const lost = [new ConnectionError("late", "ETIMEDOUT"), answer(502), answer(504)];
    const told = [new ConnectionError("nobody", "ECONNREFUSED"), answer(403), answer(429), answer(503)];
    expect([...lost, ...told].map(isUnanswered)).to.deep.equal([true, true, true, false, false, false, false]);
  });

  it("gives up after as many attempts as there is patience for where the server says nothing", () => {
    const attempts = [BRIEF, PATIENT].map(
      (patience) =>
        Array.from({ length: 20 }).filter(
          (_, index) => pauseBefore(answer(500), true, index + 1, patience) !== undefined,
        ).length + 1,
    );
    expect(attempts).to.deep.equal([BRIEF.attempts, PATIENT.attempts]);
  });

  it("pauses longer from one failure to the next, up to a limit", () => {
    const pauses = [1, 2, 3, 4, 5].map((failures) => growingPause(failures, 1_000, 1));
    expect(pauses).to.deep.equal([100, 200, 400, 800, 1_000]);
  });

  it("leaves half of the pause to chance", () => {
    expect([growingPause(2, 1_000, 0), growingPause(2, 1_000, 1)]).to.deep.equal([100, 200]);
  });
});
