import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { withLock } from "../../../lab/processes/lock.js";

describe("a lock", () => {
  let scratch: string;
  let file: string;

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "lock-"));
    file = join(scratch, "deep", "lock");
  });

  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  const neverWaits = () => expect.fail("waited");

  it("lets one work after the other", async () => {
    const events: string[] = [];
    let finish: () => void = () => undefined;
    const first = withLock(file, neverWaits, async () => {
      await new Promise<void>((resolve) => (finish = resolve));
      events.push("first");
    });
    const onWait = (holder: number) => {
      events.push(`wait for ${holder}`);
      finish();
    };
    await Promise.all([first, withLock(file, onWait, () => Promise.resolve(events.push("second")))]);
    expect(events).to.deep.equal([`wait for ${process.pid}`, "first", "second"]);
  });

  it("is gone after work that failed", async () => {
    const failure = new Error("broken");
    const answer = await withLock(file, neverWaits, () => Promise.reject(failure)).catch((error: unknown) => error);
    expect(answer).to.equal(failure);
    expect(existsSync(file)).to.equal(false);
  });

  it("doesn't count when its holder is dead", async () => {
    await withLock(file, neverWaits, () => Promise.resolve());
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: "long ago" }));
    expect(await withLock(file, neverWaits, () => Promise.resolve("done"))).to.equal("done");
  });
});
