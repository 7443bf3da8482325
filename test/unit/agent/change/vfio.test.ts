import { expect } from "chai";
import { KernelError, parsePciAddress } from "../../../../reconciler/kernel/kernel.js";
import { LoopBench, NIC } from "./loop-bench.js";

const [FIRST, SECOND] = [parsePciAddress("0000:04:10.0"), parsePciAddress("0000:04:10.2")];

describe("VFs that guests are to have", () => {
  let bench: LoopBench;
  beforeEach(() => {
    bench = new LoopBench(2);
    bench.meantForVfio = new Map([[SECOND, undefined]]);
  });
  afterEach(() => bench.stop());

  const drivers = () => bench.vfs.map(({ driver }) => driver);
  const autoprobe = () => bench.hardware.physicalFunction(NIC)?.driversAutoprobe;

  it("are made with autoprobe off and bound to vfio-pci, and the others get their driver", async () => {
    await bench.pass();
    expect(bench.calls).to.deep.equal([
      "setDriversAutoprobe false",
      "setNumVfs 2",
      "setDriversAutoprobe true",
      `bindDriver ${FIRST} any`,
      `bindDriver ${SECOND} vfio-pci`,
    ]);
    expect(drivers()).to.deep.equal(["ixgbevf", "vfio-pci"]);
  });

  it("are not another VF that has come to the address of the one that is claimed", async () => {
    bench.meantForVfio = new Map([[SECOND, 0]]);
    await bench.pass();
    expect(drivers()).to.deep.equal(["ixgbevf", "ixgbevf"]);
  });

  it("are reported without interface", async () => {
    await bench.pass();
    const names = bench.device.status?.virtualFunctions?.map(({ interfaceName }) => interfaceName);
    expect([bench.ready.reason, names]).to.deep.equal(["Configured", ["eno49v0", undefined]]);
  });

  it("are not waited for to get an interface, which they never do", async () => {
    let reads = 0;
    bench.before = (call) => {
      if (call === "physicalFunction") reads++;
    };
    await bench.pass();
    // The pass's own look, one that binds, and the one that finds them settled.
    expect(reads).to.equal(3);
  });

  it("leave autoprobe as it was also where the kernel refuses them", async () => {
    bench.hardware.failNext(NIC, "EIO");
    await bench.pass();
    expect(autoprobe()).to.equal(true);
    expect(bench.ready.message).to.match(/^write 2 .*\(EIO\)/);
  });

  it("leave autoprobe off, and the others without driver, where somebody has turned it off", async () => {
    await bench.pass();
    bench.hardware.setDriversAutoprobe(NIC, false);
    bench.declare(1);
    bench.meantForVfio = new Map([[FIRST, undefined]]);
    await bench.pass();
    bench.declare(2);
    await bench.pass();
    expect([autoprobe(), drivers()]).to.deep.equal([false, ["vfio-pci", undefined]]);
  });

  it("are finished by an agent whose forerunner was killed while it made them", async () => {
    bench.hardware.setDriversAutoprobe(NIC, false);
    await bench.hardware.setNumVfsByHand(NIC, 2);
    await bench.pass();
    expect([autoprobe(), drivers()]).to.deep.equal([true, ["ixgbevf", "vfio-pci"]]);
  });

  it("keep the driver that somebody else gave them", async () => {
    bench.meantForVfio = new Map();
    await bench.pass();
    bench.meantForVfio = new Map([[SECOND, undefined]]);
    await bench.pass();
    expect(drivers()).to.deep.equal(["ixgbevf", "ixgbevf"]);
  });

  it("are reported as not bound, with what to do, where vfio-pci does not take them; and tried again with pauses", async () => {
    bench.before = (call) => {
      if (call === `bindDriver ${SECOND} vfio-pci`)
        throw new KernelError("ENODEV", "/sys/bus/pci/drivers_probe", "bind");
    };
    for (let pass = 0; pass < 3; pass++) await bench.pass();
    expect(bench.calls.filter((call) => call.startsWith("bindDriver"))).to.deep.equal([
      `bindDriver ${FIRST} any`,
      `bindDriver ${SECOND} vfio-pci`,
    ]);
    expect(bench.ready.reason).to.equal("KernelRefused");
    expect(bench.ready.message).to.match(
      /^VF 0000:04:10\.2 is claimed for passthrough, but could not .*needs the kernel's module vfio-pci/,
    );
    expect(bench.device.status?.vfAddresses).to.have.length(2);
  });
});
