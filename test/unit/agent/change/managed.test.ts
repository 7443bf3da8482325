import { expect } from "chai";
import { LoopBench, NIC } from "./loop-bench.js";

describe("a count that somebody declares for the first time", () => {
  let bench: LoopBench;
  beforeEach(() => {
    bench = LoopBench.unmanaged();
    bench.claimCount();
    bench.edit({ numVFS: 2 });
  });
  afterEach(() => bench.stop());

  it("is on record as declared before VFs are made", async () => {
    let recorded: boolean | undefined;
    bench.before = (call) => {
      if (call === "setNumVfs 2") recorded = bench.device.status?.countManaged;
    };
    await bench.pass();
    expect(recorded).to.equal(true);
  });

  it("takes the VFs away once it is released, also where the agent was killed before it could report", async () => {
    bench.before = (call) => {
      if (call === "setNumVfs 2") void bench.hardware.setNumVfsByHand(NIC, 2);
      if (call === "setNumVfs 2") throw new TypeError("killed");
    };
    await bench.pass();
    await bench.restart();
    bench.releaseCount();
    await bench.pass();
    expect([bench.vfs.length, bench.ready.reason]).to.deep.equal([0, "Configured"]);
  });

  it("is put on record once, not with every change", async () => {
    await bench.pass();
    bench.writes.length = 0;
    bench.edit({ numVFS: 3 });
    await bench.pass();
    expect(bench.writes).to.deep.equal(["PCIDevices 3", "Configured"]);
  });

  it("leaves VFs where they are that were there before, when it is released before anything was done", async () => {
    await bench.hardware.setNumVfsByHand(NIC, 4);
    bench.releaseCount();
    await bench.pass();
    expect([bench.vfs.length, bench.ready.reason]).to.deep.equal([4, "Unmanaged"]);
  });
});
