import { expect } from "chai";
import { setImmediate } from "node:timers/promises";
import { KernelError } from "../../../../reconciler/kernel/kernel.js";
import { ClaimBench, NIC, VF } from "./claim-bench.js";

/** Longer than any pause between attempts. */
const A_WHILE_MS = 61_000;

describe("a claim's loop", () => {
  let bench: ClaimBench;
  beforeEach(async () => {
    bench = await ClaimBench.start();
  });
  afterEach(() => bench.loop.stop());

  const fails = (call: string, code: string): void => {
    bench.before = (name) => {
      if (name === call) throw new KernelError(code, "/sys/x", "write 1");
    };
  };

  describe("that binds a device", () => {
    it("holds the claim and notes the driver before anything is bound", async () => {
      let first: string[] = [];
      bench.before = (call) => {
        if (call.startsWith("loadDriver")) first = [...bench.writes, bench.claim?.status?.kernelDriverToUnbind ?? ""];
      };
      await bench.pass();
      expect(first).deep.equal(["held", "Binding", "ixgbevf"]);
      expect(bench.calls).deep.equal(["loadDriver vfio-pci", "bindDriver vfio-pci"]);
      expect(bench.writes).deep.equal(["held", "Binding", "Enabled"]);
      expect(bench.driver).equal("vfio-pci");
    });

    it("writes and calls nothing more where all is as asked", async () => {
      await bench.pass();
      const all = () => [...bench.writes, ...bench.calls, ...bench.events];
      const before = all();
      await bench.pass();
      bench.claim = bench.claim && { ...bench.claim, metadata: { ...bench.claim.metadata, labels: { a: "b" } } };
      await bench.pass();
      expect(all()).deep.equal(before);
    });

    it("keeps what it has noted where it finds the device between two drivers", async () => {
      await bench.pass();
      await bench.hardware.bindDriverByHand(VF, "ixgbevf");
      bench.hardware.unbindDriver(VF);
      await bench.pass();
      expect(bench.claim?.status?.kernelDriverToUnbind).equal("ixgbevf");
      expect(bench.driver).equal("vfio-pci");
    });

    it("waits for the PCIDevice, and for what that says, before it finds fault with the name in it", async () => {
      const { pciDevice } = bench;
      for (const early of [undefined, pciDevice && { metadata: pciDevice.metadata }]) {
        bench.pciDevice = early;
        await bench.pass();
        expect(bench.ready).equal("Binding: the PCIDevice of 0000:04:10.2 is not there yet");
      }
      expect([bench.calls, bench.events]).deep.equal([[], []]);
      bench.pciDevice = pciDevice;
      await bench.pass();
      expect(bench.ready).match(/^Enabled: /);
    });

    it("notes that it had no driver", async () => {
      bench.hardware.unbindDriver(VF);
      await bench.pass();
      expect(bench.claim?.status).include({ kernelDriverToUnbind: "", passthroughEnabled: true });
    });

    it("says what the kernel answered, and tries again after a pause, not before", async () => {
      fails("bindDriver vfio-pci", "EBUSY");
      await bench.pass();
      expect(bench.ready).match(/^KernelRefused: write 1 \/sys\/x: device or resource busy \(EBUSY\)\. See what/);
      await bench.pass();
      expect(bench.calls).deep.equal(["loadDriver vfio-pci", "bindDriver vfio-pci"]);
      bench.before = () => undefined;
      bench.aheadMs += A_WHILE_MS;
      await bench.pass();
      expect(bench.ready).match(/^Enabled: /);
      expect(bench.events.map((event) => event.split(":")[0])).deep.equal(["Warning ClaimRefused", "Normal Bound"]);
    });

    it("tells of the same refusal once", async () => {
      fails("bindDriver vfio-pci", "EBUSY");
      await bench.pass();
      bench.aheadMs += A_WHILE_MS;
      await bench.pass();
      expect(bench.calls).length(4);
      expect(bench.events).length(1);
      expect(bench.writes).deep.equal(["held", "Binding", "KernelRefused"]);
    });

    it("says that a module is missing, and that loading one that hangs is the kernel's refusal", async () => {
      fails("loadDriver vfio-pci", "ENOENT");
      await bench.pass();
      expect(bench.ready).match(/^ModuleMissing: /);
      fails("loadDriver vfio-pci", "ETIMEDOUT");
      bench.aheadMs += A_WHILE_MS;
      await bench.pass();
      expect(bench.ready).match(/^KernelRefused: /);
      expect(bench.calls).not.include("bindDriver vfio-pci");
    });

    it("says what it finds where the kernel took the driver without an error", async () => {
      const { hardware } = bench;
      const bind = hardware.bindDriver.bind(hardware);
      hardware.bindDriver = async (...args) => {
        await bind(...args);
        await hardware.bindDriverByHand(VF, "ixgbevf");
      };
      await bench.pass();
      expect(bench.ready).match(
        /^KernelRefused: the kernel bound 0000:04:10\.2 to vfio-pci without an error, but it has ixgbevf/,
      );
      expect(bench.claim?.status?.passthroughEnabled).equal(false);
    });

    it("offers nothing under any name while somebody has given the device to another driver", async () => {
      await bench.pass();
      await bench.hardware.bindDriverByHand(VF, "ixgbevf");
      bench.holders = [{ words: "pod web/router-0", kind: "pod", sure: true }];
      await bench.pass();
      expect(bench.ready).match(/^InUse: /);
      expect(bench.claim?.status)
        .include({ passthroughEnabled: false })
        .and.not.have.any.keys("resourceName", "usedBy");
    });

    it("says that a device cannot be read, and leaves the rest of the status", async () => {
      await bench.pass();
      fails("pciFunction", "EIO");
      await bench.pass();
      expect(bench.ready).match(/^KernelRefused: .*EIO/);
      expect(bench.claim?.status).include({ passthroughEnabled: true, resourceName: "intel.com/VF" });
    });

    it("takes nothing while it is not known who uses the device", async () => {
      bench.silent = "the kubelet does not answer";
      await bench.pass();
      expect(bench.ready).equal(
        "UsersUnknown: 0000:04:10.2 is not taken from ixgbevf, since it is not known who uses it: the kubelet does not " +
          "answer. It is bound to vfio-pci once that answers.",
      );
      expect(bench.writes).deep.equal(["UsersUnknown"]);
    });

    it("takes a device that no driver has, whoever does not answer", async () => {
      bench.silent = "the kubelet does not answer";
      bench.hardware.unbindDriver(VF);
      await bench.pass();
      expect(bench.ready).match(/^Enabled: /);
    });

    it("takes a device that a machine only may have, since the node's driver has it", async () => {
      bench.holders = [{ words: "virtual machine apps/vm1", kind: "machine", sure: false }];
      await bench.pass();
      expect(bench.ready).match(/^Enabled: /);
    });

    it("takes none that a machine has", async () => {
      bench.holders = [{ words: "virtual machine apps/vm1", kind: "machine", sure: true }];
      await bench.pass();
      expect(bench.ready).match(/^InUse: .*in use by virtual machine apps\/vm1\./);
    });

    it("leaves it to an older claim for the same device", async () => {
      const { claim } = bench;
      bench.older = claim && { metadata: { name: "first" }, spec: { ...claim.spec, userName: "bob" } };
      await bench.pass();
      expect(bench.ready).match(/^Duplicate: 0000:04:10\.2 of node1 is claimed by first of bob already/);
      expect(bench.calls).deep.equal([]);
    });

    it("waits for its NIC's turn, and acknowledges the claim meanwhile", async () => {
      const turn = Promise.withResolvers<undefined>();
      const other = bench.turns.take(NIC, () => turn.promise);
      bench.loop.wake();
      while (bench.writes.length === 0) await setImmediate();
      expect(bench.ready).match(/^Binding: it is the turn of 0000:04:10\.2 as soon as/);
      expect(bench.calls).deep.equal([]);
      turn.resolve(undefined);
      await other;
      await bench.loop.idle();
      expect(bench.writes).deep.equal(["Binding", "held", "Binding", "Enabled"]);
    });
  });

  describe("whose claim is deleted", () => {
    beforeEach(async () => {
      await bench.pass();
      bench.calls.length = bench.writes.length = bench.events.length = 0;
      bench.delete();
    });

    it("says that nothing is offered before it takes the driver, and lets go at the end", async () => {
      let first: unknown;
      bench.before = (call) => {
        if (call === "bindDriver any") first = bench.claim?.status?.passthroughEnabled;
      };
      await bench.pass();
      expect(first).equal(false);
      expect(bench.calls).deep.equal(["loadDriver ixgbevf", "bindDriver any"]);
      expect(bench.writes).deep.equal(["Releasing", "let go"]);
      expect(bench.driver).equal("ixgbevf");
    });

    it("keeps the device while a machine may have it", async () => {
      bench.holders = [{ words: "virtual machine apps/vm1", kind: "machine", sure: false }];
      await bench.pass();
      expect(bench.ready).match(/^Releasing: .*in use by virtual machine apps\/vm1 may have it/);
      expect(bench.calls).deep.equal([]);
    });

    it("keeps it while it is not known who has it", async () => {
      bench.silent = "the kubelet does not answer";
      await bench.pass();
      expect(bench.ready).match(/^Releasing: 0000:04:10\.2 is given back once it is known who uses it: the kubelet/);
      expect(bench.calls).deep.equal([]);
    });

    it("keeps the claim while the kernel refuses, and says so", async () => {
      fails("bindDriver any", "ETIMEDOUT");
      await bench.pass();
      expect(bench.ready).match(/^KernelRefused: /);
      for (let attempt = 0; attempt < 4; attempt++) {
        bench.aheadMs += A_WHILE_MS;
        await bench.pass();
      }
      expect(bench.claim).not.equal(undefined);
      bench.before = () => undefined;
      bench.aheadMs += A_WHILE_MS;
      await bench.pass();
      expect(bench.claim).equal(undefined);
    });

    it("lets the claim go with a warning where no driver takes the device back in three attempts", async () => {
      bench.hardware.setDriversAutoprobe(NIC, false);
      await bench.pass();
      bench.aheadMs += A_WHILE_MS;
      await bench.pass();
      expect(bench.ready).match(/^KernelRefused: no driver takes 0000:04:10\.2 back, which had ixgbevf before/);
      bench.aheadMs += A_WHILE_MS;
      await bench.pass();
      expect(bench.claim).equal(undefined);
      expect(bench.events.at(-1)).match(/^Warning Released: 0000:04:10\.2 is left without a driver: no driver takes/);
    });

    it("leaves a device as it is that is in a group which guests have", async () => {
      bench.isInGuestsGroup = true;
      await bench.pass();
      expect(bench.claim).equal(undefined);
      expect([bench.driver, bench.calls]).deep.equal(["vfio-pci", []]);
    });

    it("lets it go at once where the device is away", async () => {
      await bench.hardware.setNumVfs(NIC, 0);
      await bench.pass();
      expect(bench.claim).equal(undefined);
      expect(bench.calls).deep.equal([]);
      expect(bench.events).deep.equal(["Normal Released: 0000:04:10.2 is not claimed any more, and is away"]);
    });
  });

  it("leaves a device as it is that somebody else had bound to vfio-pci", async () => {
    await bench.hardware.bindDriverByHand(VF, "vfio-pci");
    await bench.pass();
    expect(bench.claim?.status).include({ kernelDriverToUnbind: "vfio-pci", passthroughEnabled: true });
    bench.calls.length = 0;
    bench.delete();
    await bench.pass();
    expect([bench.driver, bench.calls]).deep.equal(["vfio-pci", []]);
  });

  it("does nothing to the device of a deleted claim that another than it holds", async () => {
    bench.delete();
    await bench.pass();
    expect([...bench.writes, ...bench.calls]).deep.equal([]);
  });
});
