import { expect } from "chai";
import { isShortfall, verify } from "../../../../reconciler/agent/change/verify.js";
import { KernelError } from "../../../../reconciler/kernel/kernel.js";
import { LoopBench, NIC } from "./loop-bench.js";

const refusing = (at: string, code: string) => (call: string) => {
  if (call === at) throw new KernelError(code, `/sys/bus/pci/devices/${NIC}/file`, call);
};

describe("the phases of a change", () => {
  let bench: LoopBench;
  afterEach(() => bench.stop());

  async function withTwo(): Promise<void> {
    bench = new LoopBench(2);
    await bench.pass();
    bench.declare(4);
    bench.calls.length = 0;
  }

  describe("clear", () => {
    beforeEach(withTwo);

    it("removes all VFs before others are made", async () => {
      await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 0", "setNumVfs 4"]);
    });

    it("is left out where there are none", async () => {
      bench = new LoopBench(3);
      await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 3"]);
    });

    it("ends the change where it is refused", async () => {
      bench.before = refusing("setNumVfs 0", "EIO");
      await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 0"]);
      expect(bench.device.status?.vfAddresses).to.have.length(2);
    });

    it("ends it also where the VFs are still there after a write without an error", async () => {
      const { hardware } = bench;
      const write = hardware.setNumVfs.bind(hardware);
      hardware.setNumVfs = (address, count) => (count === 0 ? Promise.resolve() : write(address, count));
      await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 0"]);
      expect(bench.ready.message).to.include(`took 0 for ${NIC} without an error, and the NIC still has 2 VFs`);
    });

    for (const code of ["EBUSY", "EPERM"]) {
      it(`takes ${code} for VFs in use`, async () => {
        bench.before = refusing("setNumVfs 0", code);
        await bench.pass();
        expect(bench.ready.reason).to.equal("InUse");
        expect(bench.ready.message).to.match(new RegExp(`\\(${code}\\).*\\. Release them, or set the count back\\.$`));
      });
    }

    it("says nothing of the NIC where it failed without an answer of the kernel's", async () => {
      bench.before = (call) => {
        if (call === "setNumVfs 0") throw new TypeError("a mistake");
      };
      await bench.pass();
      expect(bench.ready).to.deep.equal({ reason: "Configured", message: "2 of 8 VFs" });
    });
  });

  describe("create", () => {
    beforeEach(withTwo);

    it("takes EBUSY for the kernel's refusal, and what is left is told", async () => {
      bench.before = refusing("setNumVfs 4", "EBUSY");
      await bench.pass();
      expect(bench.ready.reason).to.equal("KernelRefused");
      expect(bench.device.status?.vfAddresses).to.deep.equal([]);
    });

    it("leaves autoprobe alone where no VF is meant for a guest", async () => {
      await bench.pass();
      expect(bench.calls.join()).not.to.include("Autoprobe");
    });
  });

  describe("verify", () => {
    it("tells of a driver that makes fewer VFs than it was asked for, and does not ask it again", async () => {
      bench = new LoopBench(5);
      bench.hardware.setEnableLimit(NIC, 3);
      for (let pass = 0; pass < 3; pass++) await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 5"]);
      expect(bench.ready.message).to.include(
        "took 5 without an error, but the NIC has 3 VFs: its driver makes no more",
      );
    });

    it("asks it again where somebody says that the cause is gone, and once for each time that it is said", async () => {
      bench = new LoopBench(5);
      bench.hardware.setEnableLimit(NIC, 3);
      await bench.pass();
      bench.keepsAnnotations = true;
      bench.annotate({ "devices.harvesterhci.io/try-again": "1" });
      for (let pass = 0; pass < 3; pass++) await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 5", "setNumVfs 0", "setNumVfs 5"]);
      bench.hardware.setEnableLimit(NIC, undefined);
      bench.keepsAnnotations = false;
      bench.annotate({ "devices.harvesterhci.io/try-again": "2" });
      await bench.pass();
      expect([bench.ready.reason, bench.vfs.length]).to.deep.equal(["Configured", 5]);
      expect(bench.device.metadata.annotations).to.deep.equal({});
    });

    it("asks it again also where that is said while it is at work", async () => {
      bench = new LoopBench(5);
      bench.hardware.setEnableLimit(NIC, 3);
      bench.before = () => bench.annotate({ "devices.harvesterhci.io/try-again": "1" });
      await bench.pass();
      bench.before = () => undefined;
      await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 5", "setNumVfs 0", "setNumVfs 5"]);
      expect(bench.device.metadata.annotations).to.deep.equal({});
    });

    it("asks it again only where no VF that is there is in use", async () => {
      bench = new LoopBench(5);
      bench.hardware.setEnableLimit(NIC, 3);
      await bench.pass();
      bench.held.set(bench.vfs[0]?.address ?? NIC, "pod web/router-0");
      bench.annotate({ "devices.harvesterhci.io/try-again": "1" });
      await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 5"]);
      expect(bench.ready.reason).to.equal("InUse");
    });

    it("does not blame the driver where all were there at first, and somebody took some away", () => {
      const [plan, found] = [{ to: 5 }, { numVfs: 3 }];
      expect(verify(plan, found, 5)?.message).to.include("somebody else changes it");
      expect([isShortfall(plan, found, 5), isShortfall(plan, found, 3)]).to.deep.equal([false, true]);
    });

    it("tells of one that makes none, and asks it again with pauses", async () => {
      bench = new LoopBench(5);
      bench.hardware.setEnableLimit(NIC, 0);
      for (let pass = 0; pass < 3; pass++) await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 5"]);
      await bench.hardware.waitForWrites(2);
    });
  });

  describe("link up", () => {
    const down = { address: NIC, interfaces: [{ name: "eno49", linkState: "down" }], totalVfs: 8 };
    const replug = (): void => {
      bench.hardware.unplug(NIC);
      bench.hardware.plug(down);
    };

    it("sets the NIC's own interface up, without which its VFs have no link", async () => {
      bench = new LoopBench(2);
      replug();
      await bench.pass();
      expect(bench.calls).to.deep.equal(["setNumVfs 2", "setInterfaceUp eno49"]);
    });

    it("leaves it down where there are no VFs", async () => {
      bench = new LoopBench(0);
      replug();
      await bench.pass();
      expect(bench.calls).to.deep.equal([]);
    });

    it("costs no VF where it is refused, and says so once, with what to do", async () => {
      bench = new LoopBench(2);
      replug();
      bench.before = refusing("setInterfaceUp eno49", "EPERM");
      for (let pass = 0; pass < 3; pass++) await bench.pass();
      expect(bench.ready.reason).to.equal("Configured");
      const said =
        /eno49 is down, so that its VFs have no link, and could not be set up: setInterfaceUp eno49 .*\(EPERM\).*\. Run "ip link set eno49 up" on the node, or give the agent CAP_NET_ADMIN\.$/;
      expect(bench.ready.message)
        .to.match(said)
        .and.match(/^2 of 8 VFs; /);
      expect(bench.events).to.have.length(2);
      expect(bench.events[1])
        .to.match(said)
        .and.match(/^Warning LinkDown: /);
    });

    it("is left to whom the NIC belongs, where it is not eligible", async () => {
      bench = new LoopBench(2);
      await bench.pass();
      const [port] = bench.hardware.physicalFunction(NIC)?.interfaces ?? [];
      expect(port?.up).to.equal(true);
      bench.eligibility = { eligible: false, reason: "Management", message: "eno49 belongs to mgmt-br" };
      bench.calls.length = 0;
      replug();
      await bench.hardware.setNumVfsByHand(NIC, 2);
      await bench.pass();
      expect(bench.calls).to.deep.equal([]);
    });
  });
});
