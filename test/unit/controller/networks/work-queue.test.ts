import { expect } from "chai";
import { pino } from "pino";
import { type Turn, WorkQueue } from "../../../../reconciler/controller/networks/work-queue.js";

const log = pino({ level: "silent" });

describe("keys that wait for their turn", () => {
  const turns: string[] = [];
  let queue: WorkQueue | undefined;
  afterEach(async () => {
    await queue?.stop();
    turns.length = 0;
  });

  const open = (turn: (key: string) => Promise<Turn>, workers = 8): WorkQueue =>
    (queue = new WorkQueue(
      (key) => {
        turns.push(key);
        return turn(key);
      },
      { log, workers, firstPauseMs: 1, lastPauseMs: 4 },
    ));

  it("have one turn for all that was added while they waited", async () => {
    const { promise: busy, resolve: end } = Promise.withResolvers<Turn>();
    const queue = open((key) => (key === "first" ? busy : Promise.resolve({})), 1);
    for (const key of ["first", "a", "b", "a", "a"]) queue.add(key);
    end({});
    await queue.idle();
    expect(turns).to.deep.equal(["first", "a", "b"]);
  });

  it("have one more turn, after the one under way, when they are added meanwhile", async () => {
    const { promise: busy, resolve: end } = Promise.withResolvers<Turn>();
    const queue = open(() => (turns.length === 1 ? busy : Promise.resolve({})));
    for (let i = 0; i < 3; i++) queue.add("a");
    expect(turns).to.deep.equal(["a"]);
    end({});
    await queue.idle();
    expect(turns).to.deep.equal(["a", "a"]);
  });

  it("have their turns side by side, up to the number of workers", () => {
    const queue = open(() => new Promise(() => undefined), 2);
    for (const key of ["a", "b", "c"]) queue.add(key);
    expect(turns).to.deep.equal(["a", "b"]);
    // Nothing of it ever ends.
    forget();
  });

  it("are repeated after a failure, until it is none", async () => {
    const { promise: done, resolve } = Promise.withResolvers<undefined>();
    const queue = open(() => {
      if (turns.length < 4) return Promise.reject(new Error("refused"));
      resolve(undefined);
      return Promise.resolve({});
    });
    queue.add("a");
    await done;
    expect(turns).to.deep.equal(["a", "a", "a", "a"]);
  });

  it("hold up no other by failing", async () => {
    const queue = open((key) => (key === "bad" ? Promise.reject(new Error("refused")) : Promise.resolve({})), 1);
    for (const key of ["bad", "good"]) queue.add(key);
    await queue.idle();
    expect(turns.slice(0, 2)).to.deep.equal(["bad", "good"]);
  });

  it("are looked at again when a turn asks for it", async () => {
    const { promise: done, resolve } = Promise.withResolvers<undefined>();
    const queue = open(() => {
      if (turns.length === 1) return Promise.resolve({ again: 1 });
      resolve(undefined);
      return Promise.resolve({});
    });
    queue.add("a");
    await done;
  });

  it("have no turn after the end", async () => {
    const queue = open(() => Promise.resolve({}));
    await queue.stop();
    queue.add("a");
    await queue.idle();
    expect(turns).to.deep.equal([]);
  });

  function forget(): void {
    queue = undefined;
  }
});
