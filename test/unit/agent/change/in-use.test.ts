import { expect } from "chai";
import { KernelError } from "../../../../reconciler/kernel/kernel.js";
import { LoopBench, NIC } from "./loop-bench.js";

const ALLOW = "devices.harvesterhci.io/allow-disruption";

describe("a change of VFs that are in use", () => {
  let bench: LoopBench;
  beforeEach(async () => {
    bench = new LoopBench(2);
    await bench.pass();
    bench.declare(4);
    for (const list of [bench.events, bench.writes, bench.calls, bench.results]) list.length = 0;
  });
  afterEach(() => bench.stop());

  const hold = (): void => {
    const [, second] = bench.vfs;
    if (second) bench.held.set(second.address, "pod web/router-0");
  };

  it("touches nothing, and says who holds which VF and both ways out", async () => {
    hold();
    await bench.pass();
    expect(bench.calls).to.deep.equal([]);
    expect(bench.ready.reason).to.equal("InUse");
    expect(bench.ready.message)
      .to.include(`${bench.vfs[1]?.address ?? ""} (eno49v1) by pod web/router-0`)
      .and.include("Release them")
      .and.include(`kubectl annotate srnd node1-eno49 ${ALLOW}=4 --overwrite`);
  });

  it("is refused although the VF was taken only just now", async () => {
    bench.onRefresh = hold;
    await bench.pass();
    expect([bench.calls, bench.ready.reason]).to.deep.equal([[], "InUse"]);
  });

  it("touches nothing while somebody who would know of users does not answer, and is done once he does", async () => {
    bench.silent = "the kubelet does not answer";
    await bench.pass();
    expect([bench.calls, bench.ready.reason]).to.deep.equal([[], "UsersUnknown"]);
    bench.silent = undefined;
    await bench.pass();
    expect(bench.ready.reason).to.equal("Configured");
  });

  it("is told once, however often the NIC is looked at", async () => {
    hold();
    for (let pass = 0; pass < 3; pass++) await bench.pass();
    expect(bench.events.map((event) => event.slice(0, 22))).to.deep.equal(["Warning ChangeRefused:"]);
  });

  it("is counted once, however often the NIC is looked at", async () => {
    hold();
    for (let pass = 0; pass < 3; pass++) await bench.pass();
    expect(bench.results).to.deep.equal(["InUse untried"]);
  });

  it("is not told again where something else of the NIC changes", async () => {
    hold();
    await bench.pass();
    bench.hardware.rename(NIC, "ens7");
    await bench.pass();
    expect(bench.device.status?.interfaceName).to.equal("ens7");
    expect(bench.events).to.have.length(1);
  });

  it("goes on as soon as the VF is released", async () => {
    hold();
    await bench.pass();
    bench.held.clear();
    await bench.pass();
    expect(bench.calls).to.deep.equal(["setNumVfs 0", "setNumVfs 4"]);
    expect(bench.ready).to.deep.equal({ reason: "Configured", message: "4 of 8 VFs" });
  });

  it("is done where an annotation allows this count, with a warning that names who lost VFs", async () => {
    hold();
    const lost = `${bench.vfs[1]?.address ?? ""} (eno49v1) by pod web/router-0`;
    bench.annotate({ [ALLOW]: "4" });
    await bench.pass();
    expect(bench.vfs).to.have.length(4);
    expect(bench.events).to.deep.equal([
      `Warning Disrupted: VFs in use were destroyed, as the annotation for 4 VFs allowed: ${lost}`,
      "Normal VfsChanged: 2 → 4 VFs",
    ]);
  });

  it("uses the annotation up, after it is reported as done", async () => {
    hold();
    bench.annotate({ [ALLOW]: "4" });
    await bench.pass();
    expect(bench.writes).to.deep.equal(["PCIDevices 4", "Configured", "withdrawn"]);
  });

  it("is not done where the annotation is for another count, which stays until the device is settled", async () => {
    hold();
    bench.annotate({ [ALLOW]: "3" });
    await bench.pass();
    expect([bench.calls, bench.writes]).to.deep.equal([[], ["InUse"]]);
  });

  it("leaves no annotation for another count behind once the device is settled", async () => {
    bench.annotate({ [ALLOW]: "3" });
    await bench.pass();
    expect(bench.writes.at(-1)).to.equal("withdrawn");
  });

  it("uses the annotation up also where it makes fewer VFs than that, so that nobody loses those by it", async () => {
    bench.hardware.setEnableLimit(NIC, 3);
    hold();
    bench.annotate({ [ALLOW]: "4" });
    await bench.pass();
    hold();
    await bench.restart();
    bench.calls.length = 0;
    await bench.pass();
    expect([bench.writes.includes("withdrawn"), bench.calls]).to.deep.equal([true, []]);
    expect([bench.vfs.length, bench.ready.reason]).to.deep.equal([3, "InUse"]);
  });

  it("uses the annotation up also where the VFs are gone and the kernel makes no new ones", async () => {
    bench.annotate({ [ALLOW]: "4" });
    bench.before = (call) => {
      if (call === "setNumVfs 4") throw new KernelError("EIO", "sriov_numvfs", "write 4");
    };
    await bench.pass();
    expect([bench.vfs.length, bench.writes]).to.deep.equal([0, ["PCIDevices 0", "KernelRefused", "withdrawn"]]);
  });

  it("keeps the annotation while the kernel keeps the VFs", async () => {
    hold();
    bench.annotate({ [ALLOW]: "4" });
    bench.before = (call) => {
      if (call === "setNumVfs 0") throw new KernelError("EBUSY", "sriov_numvfs", "write 0");
    };
    await bench.pass();
    expect(bench.writes).to.deep.equal(["InUse"]);
  });

  it("takes an annotation that was used up once for leave no second time, even if it could not be taken away", async () => {
    bench.hardware.setEnableLimit(NIC, 3);
    hold();
    bench.annotate({ [ALLOW]: "4" });
    bench.keepsAnnotations = true;
    await bench.pass();
    hold();
    await bench.hardware.setNumVfsByHand(NIC, 0);
    await bench.hardware.setNumVfsByHand(NIC, 2);
    bench.calls.length = 0;
    await bench.pass();
    expect([bench.calls, bench.ready.reason]).to.deep.equal([[], "InUse"]);
  });

  it("takes it for leave again where somebody gives it again", async () => {
    bench.hardware.setEnableLimit(NIC, 3);
    hold();
    bench.annotate({ [ALLOW]: "4" });
    await bench.pass();
    hold();
    await bench.restart();
    await bench.pass();
    bench.annotate({ [ALLOW]: "4" });
    bench.hardware.setEnableLimit(NIC, undefined);
    await bench.pass();
    expect(bench.vfs).to.have.length(4);
  });

  it("keeps an annotation that comes with a later change", async () => {
    bench.before = (call) => {
      if (call !== "setNumVfs 4") return;
      bench.declare(6);
      bench.annotate({ [ALLOW]: "6" });
    };
    bench.loop.wake();
    while (bench.vfs.length !== 4) await new Promise(setImmediate);
    hold();
    await bench.loop.idle();
    await bench.pass();
    expect(bench.vfs).to.have.length(6);
  });

  it("is not needed where no VF goes", async () => {
    hold();
    bench.declare(2);
    await bench.pass();
    expect([bench.calls, bench.ready.reason]).to.deep.equal([[], "Configured"]);
  });

  it("takes a guest that the kernel protects for a user, and asks the kernel again with pauses", async () => {
    bench.hardware.setInUse(bench.vfs[0]?.address ?? "", true);
    for (let pass = 0; pass < 3; pass++) await bench.pass();
    expect(bench.calls).to.deep.equal(["setNumVfs 0"]);
    expect(bench.ready.reason).to.equal("InUse");
    expect(bench.ready.message).to.include("(EBUSY)");
  });

  it("is counted as tried where the kernel was asked", async () => {
    bench.hardware.setInUse(bench.vfs[0]?.address ?? "", true);
    await bench.pass();
    expect(bench.results).to.deep.equal(["InUse"]);
  });
});

describe("the status of VFs in use", () => {
  it("names their users", async () => {
    const bench = new LoopBench(2);
    await bench.pass();
    const [, second] = bench.vfs;
    if (second) bench.held.set(second.address, "pod web/router-0");
    await bench.pass();
    expect(bench.device.status?.virtualFunctions?.map(({ usedBy }) => usedBy)).to.deep.equal([
      undefined,
      "pod web/router-0",
    ]);
    await bench.stop();
  });
});
