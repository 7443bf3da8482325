import { expect } from "chai";
import { once } from "node:events";
import { pino } from "pino";
import { LeaderElection } from "../../../reconciler/controller/leader/leader-election.js";
import { Leases } from "./leases.js";

const timings = { durationMs: 1_000, renewDeadlineMs: 100, retryPeriodMs: 10 };

describe("a leader election", () => {
  let leases: Leases;
  let ending: AbortController;
  let running: Promise<void>;
  let terms: AbortSignal[] = [];
  /** What the work waits for after its term's end. */
  let workDone: Promise<unknown>;
  let ledTwice: () => void;

  beforeEach(() => {
    leases = new Leases();
    ending = new AbortController();
    terms = [];
    workDone = Promise.resolve();
  });
  afterEach(async () => {
    leases.mode = "well";
    ending.abort();
    await running;
  });

  /** Resolves with the first term, once this replica leads. */
  function start(): Promise<AbortSignal> {
    const options = { client: leases.client, log: pino({ level: "silent" }), namespace: "n", name: "lease" };
    const election = new LeaderElection({ ...options, identity: "a", timings });
    const leads = Promise.withResolvers<AbortSignal>();
    running = election.run(ending.signal, async (term) => {
      terms.push(term);
      leads.resolve(term);
      if (terms.length === 2) ledTwice();
      if (!term.aborted) await once(term, "abort");
      await workDone;
    });
    return leads.promise;
  }
  const holder = (): string | undefined | null => leases.lease?.spec?.holderIdentity;

  it("is won by whoever makes the lease", async () => {
    await start();
    expect([leases.writes, holder()]).to.deep.equal([["create a"], "a"]);
  });

  it("is renewed while it lasts, and no change of holders is counted for that", async () => {
    await start();
    await leases.written(4);
    expect(leases.writes).to.deep.equal(["create a", "merge a", "merge a", "merge a"]);
    expect(leases.lease?.spec?.leaseTransitions).to.equal(0);
  });

  it("is won at once where the lease was given back, as another term", async () => {
    leases.put(undefined);
    await start();
    expect([holder(), leases.lease?.spec?.leaseTransitions]).to.deep.equal(["a", 1]);
  });

  it("is won from one who has let it run out", async () => {
    leases.put("b", 1);
    await start();
    expect([holder(), leases.lease?.spec?.leaseTransitions]).to.deep.equal(["a", 1]);
  });

  it("ends the term of one who cannot renew, before others may take the lease", async () => {
    const term = await start();
    leases.mode = "away";
    await once(term, "abort");
    expect(holder()).to.equal("a");
  });

  it("ends the term of one whose renewal is not answered", async () => {
    const term = await start();
    leases.mode = "silent";
    await once(term, "abort");
  });

  it("ends the term of one whose lease another has taken, and leaves it to him", async () => {
    const term = await start();
    leases.put("b");
    await once(term, "abort");
    expect(holder()).to.equal("b");
  });

  it("goes on where somebody has deleted the lease", async () => {
    const term = await start();
    leases.remove();
    while (!leases.writes.includes("create a", 1)) await leases.written(leases.writes.length + 1);
    await leases.written(leases.writes.length + 1);
    expect([holder(), term.aborted]).to.deep.equal(["a", false]);
  });

  it("leads again once the API server is back", async () => {
    const twice = new Promise<void>((resolve) => (ledTwice = resolve));
    const term = await start();
    leases.mode = "away";
    await once(term, "abort");
    leases.mode = "well";
    await twice;
    expect(holder()).to.equal("a");
  });

  it("gives the lease back at the end, once its work has ended and not before", async () => {
    const work = Promise.withResolvers<undefined>();
    workDone = work.promise;
    const term = await start();
    ending.abort();
    expect(term.aborted).to.equal(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(holder()).to.equal("a");
    work.resolve(undefined);
    await running;
    expect(holder()).to.equal(null);
  });
});
