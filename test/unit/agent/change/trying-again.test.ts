import { expect } from "chai";
import { Retries } from "../../../../reconciler/agent/change/retries.js";
import { LoopBench, NIC } from "./loop-bench.js";

const REFUSAL = { kind: "kernelRefused", message: "m" } as const;

describe("pauses between attempts", () => {
  it("grow from a second to a minute, with a jitter that never makes them longer", () => {
    for (const random of [0, 0.999]) {
      const retries = new Retries(
        () => 0,
        () => random,
      );
      const pauses = Array.from({ length: 10 }, () => retries.nextPause());
      expect(pauses[0]).to.be.within(1_000, 1_250);
      expect(pauses[3]).to.be.within(8_000, 10_000);
      expect(pauses[9]).to.be.within(48_000, 60_000);
    }
  });

  it("begin anew when nothing is left to try again", () => {
    const retries = new Retries(
      () => 0,
      () => 0,
    );
    retries.failed({}, REFUSAL);
    retries.reset();
    expect(retries.failed({}, REFUSAL)).to.equal(1_000);
  });

  it("hold for the same attempt until they are over", () => {
    let now = 0;
    const retries = new Retries(
      () => now,
      () => 0,
    );
    retries.failed({ generation: 2 }, REFUSAL);
    now = 999;
    expect(retries.pending({ generation: 2 })?.refusal).to.equal(REFUSAL);
    now = 1_000;
    expect(retries.pending({ generation: 2 })).to.equal(undefined);
  });

  it("do not hold for another attempt", () => {
    const retries = new Retries(
      () => 0,
      () => 0,
    );
    retries.failed({ generation: 2 }, REFUSAL);
    expect(retries.pending({ generation: 3 })).to.equal(undefined);
  });
});

describe("a change that the kernel refuses", () => {
  let bench: LoopBench;
  beforeEach(() => {
    bench = new LoopBench(4);
    for (let write = 0; write < 5; write++) bench.hardware.failNext(NIC, "EIO");
  });
  afterEach(() => bench.stop());

  it("is reported with what there is, and the kernel's words", async () => {
    await bench.pass();
    expect(bench.ready.reason).to.equal("KernelRefused");
    expect(bench.ready.message).to.match(/^write 4 .*sriov_numvfs: input\/output error \(EIO\)\. See what/);
    expect(bench.device.status?.vfAddresses).to.deep.equal([]);
  });

  it("is not tried again by being woken, by scans say, before its pause is over", async () => {
    for (let pass = 0; pass < 5; pass++) await bench.pass();
    expect(bench.calls).to.deep.equal(["setNumVfs 4"]);
  });

  it("is told and written once, however often the NIC is looked at", async () => {
    for (let pass = 0; pass < 5; pass++) await bench.pass();
    expect(bench.writes).to.deep.equal(["KernelRefused"]);
    expect(bench.events).to.have.length(1);
    expect(bench.events[0]).to.match(/^Warning ChangeRefused: write 4 /);
  });

  it("is counted under its reason", async () => {
    await bench.pass();
    expect(bench.results).to.deep.equal(["KernelRefused"]);
  });

  it("is tried again by itself", async () => {
    bench = new LoopBench(4);
    bench.hardware.failNext(NIC, "EIO");
    await bench.pass();
    await bench.hardware.waitForWrites(2);
    await bench.loop.idle();
    expect(bench.ready.reason).to.equal("Configured");
    expect(bench.results).to.deep.equal(["KernelRefused", "configured"]);
  });

  it("is tried at once for a new generation", async () => {
    await bench.pass();
    bench.declare(5);
    await bench.pass();
    expect(bench.calls).to.deep.equal(["setNumVfs 4", "setNumVfs 5"]);
  });

  it("is tried at once where somebody asks for that", async () => {
    await bench.pass();
    bench.annotate({ "devices.harvesterhci.io/try-again": "now" });
    await bench.pass();
    expect(bench.calls).to.deep.equal(["setNumVfs 4", "setNumVfs 4"]);
  });

  it("is tried at once where the hardware has changed", async () => {
    await bench.pass();
    bench.hardware.unbindDriver(NIC);
    await bench.pass();
    expect(bench.calls).to.deep.equal(["setNumVfs 4", "setNumVfs 4"]);
  });

  it("is tried at once where somebody has let go of a VF", async () => {
    bench = new LoopBench(2);
    await bench.pass();
    const vf = bench.vfs[0]?.address;
    if (vf) bench.held.set(vf, "pod web/router-0");
    bench.hardware.setInUse(bench.vfs[1]?.address ?? "", true);
    bench.annotate({ "devices.harvesterhci.io/allow-disruption": "4" });
    bench.declare(4);
    await bench.pass();
    bench.held.clear();
    await bench.pass();
    expect(bench.calls).to.deep.equal(["setNumVfs 2", "setNumVfs 0", "setNumVfs 0"]);
  });
});

describe("a NIC that cannot be read", () => {
  it("is said to be so, and what was reported of its VFs stays", async () => {
    const bench = new LoopBench(2);
    await bench.pass();
    bench.hardware.setUnreadable(NIC, "EIO");
    for (let pass = 0; pass < 3; pass++) await bench.pass();
    expect(bench.ready.reason).to.equal("KernelRefused");
    expect(bench.ready.message).to.match(/^read .*: input\/output error \(EIO\)\. /);
    expect(bench.device.status?.vfAddresses).to.have.length(2);
    expect(bench.writes).to.deep.equal(["PCIDevices 2", "Configured", "KernelRefused"]);
    bench.hardware.setUnreadable(NIC, undefined);
    await bench.pass();
    expect([bench.ready.reason, bench.calls]).to.deep.equal(["Configured", ["setNumVfs 2"]]);
    await bench.stop();
  });
});

describe("a change that is overtaken before it begins", () => {
  it("is not carried out, since it would destroy VFs for nothing", async () => {
    const bench = new LoopBench(2);
    await bench.pass();
    bench.declare(4);
    bench.onRefresh = () => {
      if ((bench.device.metadata.generation ?? 0) < 4) bench.declare(2);
    };
    await bench.pass();
    await bench.pass();
    expect(bench.calls).to.deep.equal(["setNumVfs 2"]);
    expect(bench.ready.reason).to.equal("Configured");
    await bench.stop();
  });
});
