import { expect } from "chai";
import { macAddressOf, virtualFunctionAddress, type NicSpec } from "../../../lab/nodes/simulated/hardware.js";
import { SimulatedNode } from "../../../lab/nodes/simulated/node.js";
import { parsePciAddress } from "../../../reconciler/kernel/kernel.js";

const PF = parsePciAddress("0000:04:00.0");

describe("VF addresses", () => {
  it("begin at the offset", () => {
    expect(virtualFunctionAddress(PF, 0, 128, 2)).to.equal("0000:04:10.0");
  });

  it("are a stride apart, and go on with the next device number", () => {
    expect([3, 4].map((index) => virtualFunctionAddress(PF, index, 128, 2))).to.deep.equal([
      "0000:04:10.6",
      "0000:04:11.0",
    ]);
  });

  it("interleave with those of the next port", () => {
    expect(virtualFunctionAddress(parsePciAddress("0000:04:00.1"), 0, 128, 2)).to.equal("0000:04:10.1");
  });

  it("carry into the bus number", () => {
    expect([127, 128].map((index) => virtualFunctionAddress(PF, index, 128, 1))).to.deep.equal([
      "0000:04:1f.7",
      "0000:05:00.0",
    ]);
  });

  it("keep the PCI domain", () => {
    expect(virtualFunctionAddress(parsePciAddress("10000:04:00.0"), 0, 128, 2)).to.equal("10000:04:10.0");
  });

  it("end at bus ff", () => {
    const attempt = (): unknown => virtualFunctionAddress(parsePciAddress("0000:ff:00.0"), 64, 128, 2);
    expect(attempt).to.throw(RangeError, "VF 64 of 0000:ff:00.0 has no address: past bus ff");
  });
});

describe("MAC addresses", () => {
  it("are locally administered and different for each function and port", () => {
    const addresses = [macAddressOf(PF, 0), macAddressOf(PF, 1), macAddressOf(parsePciAddress("0000:04:00.1"), 0)];
    expect(addresses).to.deep.equal(["02:00:00:00:40:00", "02:01:00:00:40:00", "02:00:00:00:40:01"]);
  });
});

describe("a simulated node", () => {
  const build =
    (...nics: NicSpec[]) =>
    (): unknown =>
      new SimulatedNode({ nics });
  const nic = { address: "0000:04:00.0", interfaces: [{ name: "eno49" }] };

  it("refuses a NIC at what is no PCI address", () => {
    expect(build({ ...nic, address: "04:00.0" })).to.throw(TypeError, '"04:00.0" is not a PCI address');
  });

  it("refuses two NICs at one address", () => {
    expect(build(nic, nic)).to.throw("there is a NIC at 0000:04:00.0 already");
  });

  it("refuses a NIC whose last VF has no address", () => {
    expect(build({ ...nic, address: "0000:ff:00.0", totalVfs: 65 })).to.throw(RangeError, "VF 64");
  });

  it("has several ports on one function where its hardware does", () => {
    const node = new SimulatedNode({ nics: [{ ...nic, interfaces: [{ name: "ens1" }, { name: "ens1d1" }] }] });
    const [pf] = node.scan().physicalFunctions;
    expect(pf?.interfaces.map((it) => [it.port, it.name])).to.deep.equal([
      [0, "ens1"],
      [1, "ens1d1"],
    ]);
  });

  it("has no IOMMU groups without an IOMMU", () => {
    const [pf] = new SimulatedNode({ nics: [{ ...nic, iommu: false }] }).scan().physicalFunctions;
    expect(pf).not.to.have.property("iommuGroup");
  });

  it("has no IOMMU for vfio-pci, which then takes no VF", async () => {
    const node = new SimulatedNode({ nics: [{ ...nic, iommu: false }] });
    await node.setNumVfs(PF, 1);
    const address = parsePciAddress("0000:04:10.0");
    const outcome = await node.bindDriver(address, "vfio-pci").catch((error: unknown) => error);
    expect(outcome).to.have.property("code", "ENODEV");
    expect(node.scan().physicalFunctions[0]?.virtualFunctions[0]?.driver).to.equal("ixgbevf");
  });

  it("has the drivers that its hardware is told to have", async () => {
    const node = new SimulatedNode({ nics: [nic], drivers: [] });
    await node.setNumVfs(PF, 1);
    const outcome = await node.bindDriver(parsePciAddress("0000:04:10.0"), "vfio-pci").catch((error: unknown) => error);
    expect(outcome).to.have.property("path", "/sys/bus/pci/drivers/vfio-pci");
  });

  it("answers ENOENT to writes where the driver makes no VFs", async () => {
    const node = new SimulatedNode({ nics: [{ ...nic, sriov: false }] });
    const outcome = await node.setNumVfs(PF, 1).catch((error: unknown) => error);
    expect(outcome).to.have.property("code", "ENOENT");
  });
});
