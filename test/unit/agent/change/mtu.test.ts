import { expect } from "chai";
import { KernelError, parsePciAddress } from "../../../../reconciler/kernel/kernel.js";
import { vfGroup } from "../nic.js";
import { LoopBench, NIC } from "./loop-bench.js";

const SECOND = parsePciAddress("0000:04:10.2");

describe("the MTU", () => {
  let bench: LoopBench;
  beforeEach(() => {
    bench = new LoopBench(2);
  });
  afterEach(() => bench.stop());

  const mtus = () => {
    const [nic] = bench.hardware.hardwareState().snapshot.physicalFunctions;
    return [nic, ...(nic?.virtualFunctions ?? [])].map((it) => it?.interfaces[0]?.mtu);
  };
  const refusing = (at: string, code: string): void => {
    bench.before = (call) => {
      if (call === at) throw new KernelError(code, "/sys/mtu", "write");
    };
  };

  it("is left as it is where none is asked for", async () => {
    bench.hardware.setMtuByHand(NIC, 4000);
    await bench.pass();
    expect([bench.calls, mtus()]).to.deep.equal([["setNumVfs 2"], [4000, 1500, 1500]]);
  });

  it("is set on the NIC between the old VFs and the new ones, and on the VFs of a group that asks for one", async () => {
    await bench.pass();
    bench.calls.length = 0;
    bench.declare(3, { mtu: 9000, vfGroups: [vfGroup("0-1", { mtu: 4000 })] });
    await bench.pass();
    expect(bench.calls).to.deep.equal([
      "setNumVfs 0",
      "setMtu eno49 9000",
      "setNumVfs 3",
      "setMtu eno49v0 4000",
      "setMtu eno49v1 4000",
    ]);
    expect(mtus()).to.deep.equal([9000, 4000, 4000, 1500]);
  });

  it("is set with no change of the count, and no VF goes", async () => {
    await bench.pass();
    bench.calls.length = 0;
    bench.declare(2, { mtu: 9000 });
    await bench.pass();
    expect([bench.calls, bench.ready.reason]).to.deep.equal([["setMtu eno49 9000"], "Configured"]);
  });

  it("is told in an event, with what it was", async () => {
    await bench.pass();
    bench.declare(2, { mtu: 9000 });
    await bench.pass();
    expect(bench.events.at(-1)).to.equal("Normal Adjusted: eno49 (0000:04:00.0): MTU 1500 → 9000");
  });

  it("is told in status", async () => {
    bench.declare(2, { mtu: 9000, vfGroups: [vfGroup("1-1", { mtu: 4000 })] });
    await bench.pass();
    const { mtu, virtualFunctions = [] } = bench.device.status ?? {};
    expect([mtu, ...virtualFunctions.map((vf) => vf.mtu)]).to.deep.equal([9000, 1500, 4000]);
  });

  it("is put back when somebody changed it by hand", async () => {
    bench.declare(2, { mtu: 9000, vfGroups: [vfGroup("0-1", { mtu: 4000 })] });
    await bench.pass();
    bench.hardware.setMtuByHand(NIC, 1500);
    bench.hardware.setMtuByHand(SECOND, 1500);
    await bench.pass();
    expect(mtus()).to.deep.equal([9000, 4000, 4000]);
  });

  it("is not written where it is as asked", async () => {
    bench.declare(2, { mtu: 9000, vfGroups: [vfGroup("0-1", { mtu: 4000 })] });
    await bench.pass();
    bench.calls.length = 0;
    await bench.pass();
    expect(bench.calls).to.deep.equal([]);
  });

  it("of a VF that is in use is left to its user, and set once that one is gone", async () => {
    await bench.pass();
    bench.held.set(SECOND, "pod web/router-0");
    bench.declare(2, { vfGroups: [vfGroup("0-1", { mtu: 4000 })] });
    await bench.pass();
    expect([mtus(), bench.ready.reason]).to.deep.equal([[1500, 4000, 1500], "Configured"]);
    bench.held.clear();
    await bench.pass();
    expect(mtus()).to.deep.equal([1500, 4000, 4000]);
  });

  it("of a VF that guests have is not asked for: it has no interface", async () => {
    bench.declare(2, { vfGroups: [vfGroup("0-1", { mtu: 4000, deviceType: "vfio-pci" })] });
    await bench.pass();
    expect(bench.ready.reason).to.equal("Configured");
    expect(bench.calls.filter((call) => call.startsWith("setMtu"))).to.deep.equal([]);
  });

  it("of a NIC that is not eligible is left to whom it belongs", async () => {
    await bench.pass();
    bench.eligibility = { eligible: false, reason: "DefaultRoute", message: "eno49 carries the default route" };
    bench.declare(2, { mtu: 9000 });
    await bench.pass();
    expect([mtus()[0], bench.ready.reason]).to.deep.equal([1500, "NotEligible"]);
  });

  it("is set though an interface was renamed in the moment before", async () => {
    await bench.pass();
    bench.declare(2, { vfGroups: [vfGroup("1-1", { mtu: 4000 })] });
    bench.before = (call) => {
      if (call === "setMtu eno49v1 4000") bench.hardware.rename(SECOND, "late");
    };
    await bench.pass();
    expect([mtus(), bench.ready.reason]).to.deep.equal([[1500, 1500, 4000], "Configured"]);
  });

  describe("that is refused", () => {
    it("costs no VF, and is told with the interface, what was asked, the kernel's answer, and what to do", async () => {
      bench.declare(2, { mtu: 99_999 });
      await bench.pass();
      expect(bench.vfs).to.have.length(2);
      expect(bench.ready).to.deep.equal({
        reason: "KernelRefused",
        message:
          "eno49 (0000:04:00.0) keeps the MTU 1500, not 99999: write 99999 " +
          "/sys/bus/pci/devices/0000:04:00.0/net/eno49/mtu: invalid argument (EINVAL). Ask for an MTU that its driver, " +
          'ixgbe, supports: "ip -d link show eno49" on the node tells which ones (minmtu, maxmtu). It is tried again ' +
          "with growing pauses.",
      });
    });

    it("keeps neither other interfaces from theirs nor VFs from their drivers", async () => {
      const groups = [vfGroup("0-0", { mtu: 4000 }), vfGroup("1-1", { deviceType: "vfio-pci" })];
      bench.declare(2, { mtu: 99_999, vfGroups: groups });
      await bench.pass();
      expect(mtus()).to.deep.equal([1500, 4000, undefined]);
    });

    it("is tried again also where a VF in use keeps its driver, and both are told", async () => {
      await bench.pass();
      bench.held.set(SECOND, "pod web/router-0");
      bench.declare(2, { mtu: 99_999, vfGroups: [vfGroup("1-1", { deviceType: "vfio-pci" })] });
      await bench.pass();
      expect(bench.ready.reason).to.equal("KernelRefused");
      expect(bench.ready.message).to.match(
        /^VFs keep a driver .* by pod web\/router-0\. .* eno49 .* keeps the MTU 1500/,
      );
    });

    it("is tried again with pauses", async () => {
      await bench.pass();
      bench.calls.length = 0;
      bench.declare(2, { mtu: 99_999 });
      for (let pass = 0; pass < 3; pass++) await bench.pass();
      expect(bench.calls).to.deep.equal(["setMtu eno49 99999"]);
    });

    it("is done at once when another one is asked for", async () => {
      bench.declare(2, { mtu: 99_999 });
      await bench.pass();
      bench.declare(2, { mtu: 9000 });
      await bench.pass();
      expect([mtus()[0], bench.ready.reason]).to.deep.equal([9000, "Configured"]);
    });

    it("for want of a right says which", async () => {
      refusing("setMtu eno49 9000", "EPERM");
      bench.declare(2, { mtu: 9000 });
      await bench.pass();
      expect(bench.ready.message).to.match(/\(EPERM\)\. Give the agent CAP_NET_ADMIN, and let it run as root\./);
    });
  });

  it("that the kernel took and did not set is told", async () => {
    await bench.pass();
    bench.hardware.setMtu = () => undefined;
    bench.declare(2, { mtu: 9000 });
    await bench.pass();
    expect(bench.ready.reason).to.equal("KernelRefused");
    expect(bench.ready.message).to.include(
      "took the MTU 9000 for eno49 (0000:04:00.0) without an error, and it is 1500",
    );
  });

  it("is set on a NIC whose count nobody has declared, which keeps its VFs", async () => {
    await bench.stop();
    bench = LoopBench.unmanaged();
    await bench.hardware.setNumVfsByHand(NIC, 2);
    bench.edit({ mtu: 9000 });
    await bench.pass();
    expect([mtus(), bench.ready.reason]).to.deep.equal([[9000, 1500, 1500], "Unmanaged"]);
  });
});
