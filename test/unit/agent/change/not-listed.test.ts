import { expect } from "chai";
import { LoopBench } from "./loop-bench.js";

describe("a NIC whose PCIDevices cannot be written", () => {
  let bench: LoopBench;
  beforeEach(async () => {
    bench = new LoopBench(0);
    await bench.pass();
    bench.declare(2);
    bench.listingFails = new Error("pcidevices are not allowed");
    await bench.pass();
  });
  afterEach(() => bench.stop());

  it("tells of the VFs that it has all the same", () => {
    expect(bench.device.status?.vfAddresses).to.deep.equal(bench.vfs.map((vf) => vf.address));
  });

  it("is not ready, and says why in the API server's words", () => {
    expect(bench.ready.reason).to.equal("NotListed");
    expect(bench.ready.message).to.include("PCIDevices of its 2 VFs").and.include("pcidevices are not allowed");
  });

  it("is ready once they can", async () => {
    bench.listingFails = undefined;
    await bench.pass();
    expect(bench.ready.reason).to.equal("Configured");
  });
});
