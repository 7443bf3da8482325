import { expect } from "chai";
import { pino } from "pino";
import { Passes } from "../../../reconciler/controller/passes.js";
import { noMetrics } from "../../../reconciler/controller/service/metrics.js";

describe("passes", () => {
  let passes: Passes;
  let ending: AbortController;
  let leading: Promise<void>;
  let count = 0;
  let begun: (() => void)[] = [];
  let pass: (term: AbortSignal) => Promise<number | undefined>;

  beforeEach(() => {
    ending = new AbortController();
    count = 0;
    begun = [];
    pass = () => Promise.resolve(undefined);
    const log = pino({ level: "silent" });
    const counted = (term: AbortSignal): Promise<number | undefined> => {
      count++;
      for (const resolve of begun.splice(0)) resolve();
      return pass(term);
    };
    passes = new Passes({ job: "test", log, metrics: noMetrics, pass: counted });
  });
  afterEach(async () => {
    ending.abort();
    await leading;
  });

  const untilBegun = async (wanted: number): Promise<void> => {
    while (count < wanted) await new Promise<void>((resolve) => begun.push(resolve));
  };
  const lead = (): void => void (leading = passes.lead(ending.signal));

  it("begin with one, though nobody has asked for it", async () => {
    lead();
    await untilBegun(1);
  });

  it("that are asked for while one is under way are one that follows", async () => {
    const held = Promise.withResolvers<undefined>();
    pass = () => held.promise;
    lead();
    await untilBegun(1);
    for (let i = 0; i < 5; i++) passes.wake();
    pass = () => Promise.resolve(undefined);
    held.resolve(undefined);
    await untilBegun(2);
    ending.abort();
    await leading;
    expect(count).to.equal(2);
  });

  it("come again when one asks for it", async () => {
    pass = () => Promise.resolve(Date.now());
    lead();
    await untilBegun(3);
  });

  it("go on after one has failed", async () => {
    pass = () => Promise.reject(new Error("no"));
    lead();
    await untilBegun(1);
    passes.wake();
    await untilBegun(2);
  });

  it("end only when the one under way has", async () => {
    const held = Promise.withResolvers<undefined>();
    let ended = false;
    pass = () => held.promise;
    lead();
    await untilBegun(1);
    void leading.then(() => (ended = true));
    ending.abort();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).to.equal(false);
    held.resolve(undefined);
    await leading;
  });

  it("are none without a term", () => {
    leading = Promise.resolve();
    passes.wake();
    expect(count).to.equal(0);
  });
});
