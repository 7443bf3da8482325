import { expect } from "chai";
import type { VfGroup } from "../../../../api/sriov-network-device.js";
import { KernelError, parsePciAddress } from "../../../../reconciler/kernel/kernel.js";
import { vfGroup } from "../nic.js";
import { LoopBench, NIC } from "./loop-bench.js";

const FIRST = parsePciAddress("0000:04:10.0");
const SECOND = parsePciAddress("0000:04:10.2");
const THIRD = parsePciAddress("0000:04:10.4");
const vfio = (range: string): VfGroup => vfGroup(range, { deviceType: "vfio-pci", policyName: "machines" });
const netdevice = (range: string): VfGroup => vfGroup(range, { deviceType: "netdevice", policyName: "pods" });

describe("VF groups", () => {
  let bench: LoopBench;
  beforeEach(() => {
    bench = new LoopBench(3);
  });
  afterEach(() => bench.stop());

  const drivers = () => bench.vfs.map(({ driver }) => driver);

  async function passWith(...vfGroups: VfGroup[]): Promise<void> {
    bench.declare(3, { vfGroups });
    bench.calls.length = 0;
    await bench.pass();
  }

  describe("of VFs that are made", () => {
    it("have those of vfio-pci made with autoprobe off, and bound by index", async () => {
      await passWith(vfio("0-1"), netdevice("2-2"));
      expect(bench.calls).to.deep.equal([
        "setDriversAutoprobe false",
        "setNumVfs 3",
        "setDriversAutoprobe true",
        `bindDriver ${THIRD} any`,
        `bindDriver ${FIRST} vfio-pci`,
        `bindDriver ${SECOND} vfio-pci`,
      ]);
      expect(drivers()).to.deep.equal(["vfio-pci", "vfio-pci", "ixgbevf"]);
    });

    it("leave autoprobe alone where none is for guests", async () => {
      await passWith(netdevice("0-2"));
      expect(bench.calls).to.deep.equal(["setNumVfs 3"]);
    });

    it("leave it alone where guests' ranges begin beyond the VFs that there are", async () => {
      await passWith(vfio("3-5"));
      expect(bench.calls).to.deep.equal(["setNumVfs 3"]);
    });

    it("count as far as there are VFs", async () => {
      await passWith(vfio("2-9"));
      expect(drivers()).to.deep.equal(["ixgbevf", "ixgbevf", "vfio-pci"]);
      expect(bench.ready.reason).to.equal("Configured");
    });
  });

  describe("that are edited", () => {
    beforeEach(() => passWith(vfio("0-1")));

    it("rebind the VFs that are free, and remove none", async () => {
      await passWith(netdevice("0-0"), vfio("1-2"));
      expect(bench.calls).to.deep.equal([`bindDriver ${FIRST} any`, `bindDriver ${THIRD} vfio-pci`]);
      expect(drivers()).to.deep.equal(["ixgbevf", "vfio-pci", "vfio-pci"]);
      expect(bench.ready.reason).to.equal("Configured");
    });

    it("leave VFs as they are that are in none any more", async () => {
      await passWith(netdevice("2-2"));
      expect([bench.calls, drivers()]).to.deep.equal([[], ["vfio-pci", "vfio-pci", "ixgbevf"]]);
    });

    it("are told in an event, with each VF's driver before and after", async () => {
      await passWith(netdevice("0-0"), vfio("1-2"));
      expect(bench.events.at(-1)).to.equal(
        "Normal Adjusted: VF 0 (0000:04:10.0): vfio-pci → its network driver; VF 2 (0000:04:10.4): ixgbevf → vfio-pci",
      );
    });

    it("write nothing where all is as they say", async () => {
      await bench.pass();
      const writes = bench.writes.length;
      bench.calls.length = 0;
      await bench.pass();
      expect([bench.calls, bench.writes.length]).to.deep.equal([[], writes]);
    });

    it("give a VF back from vfio-pci to the network once nobody uses it", async () => {
      bench.held.set(FIRST, "pod web/router-0");
      await passWith(netdevice("0-1"));
      expect([bench.calls, bench.ready.reason]).to.deep.equal([[`bindDriver ${SECOND} any`], "GroupsInUse"]);
      bench.held.clear();
      await bench.pass();
      expect([drivers(), bench.ready.reason]).to.deep.equal([["ixgbevf", "ixgbevf", "ixgbevf"], "Configured"]);
    });

    it("leave VFs of a netdevice group to the guest that has claimed them", async () => {
      bench.meantForVfio = new Map([[FIRST, undefined]]);
      bench.held.set(FIRST, "claim node1-000004100 of alice");
      await passWith(netdevice("0-1"));
      expect(drivers()).to.deep.equal(["vfio-pci", "ixgbevf", "ixgbevf"]);
      expect(bench.ready.reason).to.equal("Configured");
    });
  });

  describe("of VFs that are in use", () => {
    beforeEach(async () => {
      await bench.pass();
      bench.held.set(SECOND, "pod web/router-0");
    });

    it("leave them, and say which, by whom, and the way out", async () => {
      await passWith(vfio("1-2"));
      expect(bench.calls).to.deep.equal([`bindDriver ${THIRD} vfio-pci`]);
      expect(bench.ready).to.deep.equal({
        reason: "GroupsInUse",
        message:
          "VFs keep a driver that is not that of their group, since they are in use: 0000:04:10.2 (eno49v1) by pod " +
          "web/router-0. They get it once nobody uses them: release them, or set the deviceType of policy machines back.",
      });
    });

    it("leave one that was taken only just now", async () => {
      bench.held.clear();
      bench.onRefresh = () => bench.held.set(FIRST, "pod web/late");
      await passWith(vfio("0-0"));
      expect([bench.calls, bench.ready.reason]).to.deep.equal([[], "GroupsInUse"]);
    });

    it("ask nobody again and again", async () => {
      await passWith(vfio("1-1"));
      const { length } = bench.writes;
      await bench.pass();
      expect([bench.calls, bench.writes.length]).to.deep.equal([[], length]);
    });
  });

  it("rebind nothing while it is not known who uses the VFs", async () => {
    await bench.pass();
    bench.silent = "the kubelet does not answer";
    await passWith(vfio("0-1"));
    await bench.pass();
    expect([bench.calls, bench.ready.reason]).to.deep.equal([[], "UsersUnknown"]);
    expect(bench.events.filter((event) => event.includes("Adjusted"))).to.deep.equal([]);
    expect(bench.ready.message).to.include("the kubelet does not answer");
    bench.silent = undefined;
    await bench.pass();
    expect(drivers()).to.deep.equal(["vfio-pci", "vfio-pci", "ixgbevf"]);
  });

  describe("of VFs whose maker was killed while it made them", () => {
    beforeEach(async () => {
      bench.hardware.setDriversAutoprobe(NIC, false);
      await bench.hardware.setNumVfsByHand(NIC, 3);
    });
    const autoprobe = () => bench.hardware.physicalFunction(NIC)?.driversAutoprobe;

    it("are carried out by the next one, which puts autoprobe back", async () => {
      await passWith(vfio("0-1"), netdevice("2-2"));
      expect([autoprobe(), drivers()]).to.deep.equal([true, ["vfio-pci", "vfio-pci", "ixgbevf"]]);
    });

    it("are carried out also where they were edited since, and guests are to have none any more", async () => {
      await passWith(netdevice("0-2"));
      expect([autoprobe(), drivers()]).to.deep.equal([true, ["ixgbevf", "ixgbevf", "ixgbevf"]]);
    });
  });

  it("put back a driver that somebody changed by hand", async () => {
    await passWith(vfio("0-0"), netdevice("1-2"));
    await bench.hardware.bindDriverByHand(SECOND, "vfio-pci");
    bench.hardware.unbindDriver(THIRD);
    await bench.hardware.bindDriver(FIRST, undefined);
    await bench.pass();
    expect(drivers()).to.deep.equal(["vfio-pci", "ixgbevf", "ixgbevf"]);
  });

  it("leave VFs alone whose object was changed in the moment before", async () => {
    await bench.pass();
    bench.onRefresh = () => {
      bench.onRefresh = () => undefined;
      bench.declare(3, { vfGroups: [] });
    };
    await passWith(vfio("0-1"));
    expect(drivers()).to.deep.equal(["ixgbevf", "ixgbevf", "ixgbevf"]);
  });

  it("are left to whom the NIC belongs, where it is not eligible, and Ready says so", async () => {
    await bench.pass();
    bench.eligibility = { eligible: false, reason: "ManagementInterface", message: "eno49 belongs to mgmt-br" };
    await passWith(vfio("0-1"));
    expect([bench.calls, bench.ready.reason]).to.deep.equal([[], "NotEligible"]);
    expect(bench.ready.message).to.include("eno49 belongs to mgmt-br. Free the NIC from that");
  });

  describe("where the kernel does not follow", () => {
    it("say which VF vfio-pci did not take, whose group it is in, and what that needs", async () => {
      await bench.pass();
      bench.hardware.setDriverLoaded("vfio-pci", false);
      await passWith(vfio("0-0"), netdevice("1-1"));
      expect(bench.ready.reason).to.equal("KernelRefused");
      expect(bench.ready.message).to.match(
        /^VF 0000:04:10\.0 is in the vfio-pci group pool of policy machines, but could not be bound to vfio-pci: .*needs the kernel's module/,
      );
    });

    it("try again with pauses", async () => {
      await bench.pass();
      bench.hardware.setDriverLoaded("vfio-pci", false);
      await passWith(vfio("0-0"));
      await bench.pass();
      await bench.pass();
      expect(bench.calls).to.deep.equal([`bindDriver ${FIRST} vfio-pci`]);
    });

    it("say which VF could not be given back", async () => {
      await passWith(vfio("0-0"));
      bench.before = (call) => {
        if (call === `bindDriver ${FIRST} any`) throw new KernelError("ETIMEDOUT", "/sys/unbind", "write");
      };
      await passWith(netdevice("0-0"));
      expect(bench.ready.reason).to.equal("KernelRefused");
      expect(bench.ready.message).to.include(
        "VF 0 (0000:04:10.0) is in a netdevice group, but could not be given back",
      );
    });

    it("say which VF has still none of its own after a write without an error", async () => {
      await passWith(vfio("0-0"));
      bench.hardware.bindDriver = () => Promise.resolve();
      await passWith(netdevice("0-0"));
      expect(bench.ready.reason).to.equal("KernelRefused");
      expect(bench.ready.message).to.include("and did not: VF 0 (0000:04:10.0) has vfio-pci. Load the module");
    });
  });

  describe("of a NIC whose count nobody has declared", () => {
    beforeEach(async () => {
      await bench.stop();
      bench = LoopBench.unmanaged();
      await bench.hardware.setNumVfsByHand(NIC, 3);
    });

    it("are carried out on the VFs that it has", async () => {
      bench.edit({ vfGroups: [vfio("0-1")] });
      await bench.pass();
      expect(drivers()).to.deep.equal(["vfio-pci", "vfio-pci", "ixgbevf"]);
      expect(bench.ready.reason).to.equal("Unmanaged");
    });

    it("never take its VFs away, whatever went wrong meanwhile", async () => {
      await bench.pass();
      bench.hardware.setDriverLoaded("vfio-pci", false);
      bench.edit({ vfGroups: [vfio("0-1")], mtu: 9000 });
      await bench.pass();
      expect(bench.ready.reason).to.equal("KernelRefused");
      await bench.restart();
      bench.edit({ vfGroups: [], mtu: 1500 });
      await bench.pass();
      expect([bench.vfs.length, bench.ready.reason]).to.deep.equal([3, "Unmanaged"]);
      expect(bench.calls.filter((call) => call.startsWith("setNumVfs"))).to.deep.equal([]);
    });

    it("leave autoprobe off where somebody has turned it off", async () => {
      bench.hardware.setDriversAutoprobe(NIC, false);
      bench.edit({ vfGroups: [vfio("0-0")] });
      await bench.pass();
      expect(bench.hardware.physicalFunction(NIC)?.driversAutoprobe).to.equal(false);
    });
  });
});
