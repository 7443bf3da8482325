import { expect } from "chai";
import { LoopBench, NIC } from "./loop-bench.js";

describe("hardware that no longer has what was reported", () => {
  let bench: LoopBench;
  beforeEach(async () => {
    bench = new LoopBench(4);
    await bench.pass();
    forget();
  });
  afterEach(() => bench.stop());

  function forget(): void {
    for (const list of [bench.events, bench.writes, bench.calls, bench.results]) list.length = 0;
  }

  async function byHand(...counts: number[]): Promise<void> {
    for (const count of counts) await bench.hardware.setNumVfsByHand(NIC, count);
  }

  it("is told as an event with what is done, and repaired", async () => {
    await byHand(0, 2);
    await bench.pass();
    expect(bench.events).to.deep.equal([
      "Warning Drift: the NIC has 2 VFs, not the 4 that were configured: somebody wrote sriov_numvfs past the agent, or " +
        "the NIC was reset. The count is put back to 4.",
      "Normal VfsChanged: 2 → 4 VFs",
    ]);
    expect(bench.vfs).to.have.length(4);
  });

  it("is not looked for any sooner after that: somebody who does it again and again would be a loop", async () => {
    const pauses: (number | undefined)[] = [];
    const { setTimeout } = globalThis;
    globalThis.setTimeout = Object.assign((...args: Parameters<typeof setTimeout>) => {
      pauses.push(args[1]);
      return setTimeout(...args);
    }, setTimeout);
    try {
      for (let repair = 0; repair < 4; repair++) {
        await byHand(0, 2);
        await bench.pass();
      }
    } finally {
      globalThis.setTimeout = setTimeout;
    }
    expect(bench.vfs).to.have.length(4);
    expect(pauses.filter((ms) => ms !== undefined && ms > 500 && ms <= 1_000)).to.deep.equal([]);
  });

  it("stays so while VFs that would go are in use, and Ready says that", async () => {
    await byHand(0, 2);
    const vf = bench.vfs[0]?.address;
    if (vf) bench.held.set(vf, "pod web/router-0");
    await bench.pass();
    expect([bench.calls, bench.ready.reason]).to.deep.equal([[], "InUse"]);
    expect(bench.ready.message).to.match(
      /^somebody changed the count from 4 to 2 past the agent, .*by pod web\/router-0/,
    );
    expect(bench.events[0]).to.include("Warning Drift: ").and.include("It stays so, since VFs are in use");
  });

  it("is told once, however often it is looked at", async () => {
    await byHand(0, 2);
    const vf = bench.vfs[0]?.address;
    if (vf) bench.held.set(vf, "pod web/router-0");
    for (let pass = 0; pass < 3; pass++) await bench.pass();
    expect(bench.events.map((event) => event.split(":")[0])).to.deep.equal(["Warning Drift", "Warning ChangeRefused"]);
    expect(bench.writes).to.deep.equal(["PCIDevices 2", "InUse"]);
  });

  it("is no drift where somebody has asked for it", async () => {
    await byHand(0, 2);
    bench.declare(3);
    await bench.pass();
    expect(bench.events).to.deep.equal(["Normal VfsChanged: 2 → 3 VFs"]);
  });

  describe("because the node was restarted", () => {
    beforeEach(async () => {
      bench.hardware.reboot();
      await bench.restart();
    });

    it("gets its VFs back before anything is reported", async () => {
      await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 4"]);
      expect(bench.writes).to.deep.equal([]);
      expect(bench.device.status?.vfAddresses).to.have.length(4);
    });

    it("is told as restored, not as drift", async () => {
      await bench.pass();
      expect(bench.events).to.deep.equal(["Normal Restored: 0 → 4 VFs, as before the restart of the node"]);
    });

    it("loses no PCIDevice by a first failure, which is reported", async () => {
      bench.hardware.failNext(NIC, "EIO");
      await bench.pass();
      expect(bench.writes).to.deep.equal(["KernelRefused"]);
      expect(bench.device.status?.vfAddresses).to.deep.equal([]);
    });

    it("loses no PCIDevice by a first failure either where Ready was about something else than the count", async () => {
      bench.declare(4, { mtu: 99_999 });
      await bench.pass();
      expect(bench.ready.reason).to.equal("KernelRefused");
      bench.hardware.reboot();
      await bench.restart();
      bench.writes.length = 0;
      bench.hardware.failNext(NIC, "EIO");
      await bench.pass();
      expect(bench.writes).to.deep.equal(["KernelRefused"]);
    });

    it("loses none while the pause after that failure lasts", async () => {
      bench.hardware.failNext(NIC, "EIO");
      for (let pass = 0; pass < 3; pass++) await bench.pass();
      expect(bench.writes).to.deep.equal(["KernelRefused"]);
    });

    it("loses its PCIDevices when a second attempt has failed, too", async () => {
      for (const code of ["EIO", "EIO"]) bench.hardware.failNext(NIC, code);
      await bench.pass();
      await bench.hardware.waitForWrites(3);
      await bench.loop.idle();
      expect(bench.writes).to.deep.equal(["KernelRefused", "PCIDevices 0"]);
    });

    it("is told as restored also after a first failure", async () => {
      bench.hardware.failNext(NIC, "EIO");
      await bench.pass();
      await bench.hardware.waitForWrites(3);
      await bench.loop.idle();
      expect(bench.events.at(-1)).to.equal("Normal Restored: 0 → 4 VFs, as before the restart of the node");
    });
  });
});

describe("a NIC that vanishes and comes back", () => {
  it("is told as gone and as back, and has its VFs again", async () => {
    const bench = new LoopBench(2);
    await bench.pass();
    bench.events.length = 0;
    bench.hardware.unplug(NIC);
    for (let pass = 0; pass < 2; pass++) await bench.pass();
    bench.hardware.plug({ address: NIC, interfaces: [{ name: "eno49" }], totalVfs: 8 });
    await bench.pass();
    expect(bench.events).to.deep.equal([
      `Warning DeviceGone: no SR-IOV device has the address ${NIC} on node1 any more. Put the NIC back, or delete this object.`,
      `Normal DeviceBack: there is a NIC at ${NIC} again`,
      "Normal VfsChanged: 0 → 2 VFs",
    ]);
    expect([bench.ready.reason, bench.vfs.length]).to.deep.equal(["Configured", 2]);
    await bench.stop();
  });

  it("is told as gone also where it goes while it is changed", async () => {
    const bench = new LoopBench(2);
    bench.before = (call) => {
      if (call === "setNumVfs 2") bench.hardware.unplug(NIC);
    };
    await bench.pass();
    expect(bench.ready.reason).to.equal("DeviceGone");
    await bench.stop();
  });
});
