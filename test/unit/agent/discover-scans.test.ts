import { expect } from "chai";
import { Scans } from "../../../reconciler/agent/discovery/scans.js";

describe("scans", () => {
  /** Scans that are under way end when a test says so. */
  class Bench {
    begun = 0;
    private ends: ((done: boolean) => void)[] = [];
    private waiting: (() => void) | undefined;
    readonly scans: Scans;

    constructor(intervalMs: number) {
      this.scans = new Scans(() => {
        this.begun++;
        this.waiting?.();
        return new Promise((resolve) => this.ends.push(resolve));
      }, intervalMs);
    }

    end(done = true): void {
      this.ends.shift()?.(done);
    }

    async another(): Promise<void> {
      const before = this.begun;
      await new Promise<void>((resolve) => (this.waiting = resolve));
      expect(this.begun).to.equal(before + 1);
    }
  }

  const HOUR_MS = 3_600_000;

  it("follow one another where one is asked for while another is under way", async () => {
    const bench = new Bench(HOUR_MS);
    void bench.scans.now();
    const second = bench.scans.now();
    void bench.scans.now();
    expect(bench.begun).to.equal(1);
    const begins = bench.another();
    bench.end();
    await begins;
    bench.end();
    await second;
    expect(bench.begun).to.equal(2);
    await bench.scans.stop();
  });

  it("begin again after the interval", async () => {
    const bench = new Bench(1);
    const first = bench.scans.now();
    const begins = bench.another();
    bench.end();
    await first;
    await begins;
    const stopped = bench.scans.stop();
    bench.end();
    await stopped;
  });

  it("begin again long before the interval where one left something undone", async () => {
    const bench = new Bench(HOUR_MS);
    const first = bench.scans.now();
    const begins = bench.another();
    bench.end(false);
    await first;
    await begins;
    const stopped = bench.scans.stop();
    bench.end();
    await stopped;
  });

  it("begin no more once they are stopped", async () => {
    const bench = new Bench(HOUR_MS);
    await bench.scans.stop();
    await bench.scans.now();
    expect(bench.begun).to.equal(0);
  });
});
