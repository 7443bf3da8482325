import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { KernelError, parsePciAddress, type PhysicalFunction } from "../../../reconciler/kernel/kernel.js";
import { LinuxKernel } from "../../../reconciler/kernel/linux/linux-kernel.js";
import { device, SysfsTree } from "./sysfs-tree.js";

const NIC = parsePciAddress("0000:04:00.0");
const OTHER_NIC = parsePciAddress("0000:04:00.1");

describe("LinuxKernel", () => {
  let tree: SysfsTree;
  let kernel: LinuxKernel;

  beforeEach(() => {
    tree = new SysfsTree();
    tree.nic(NIC);
    kernel = new LinuxKernel(tree);
  });
  afterEach(() => tree.remove());

  const read = async (): Promise<PhysicalFunction> =>
    (await kernel.physicalFunction(NIC)) ?? expect.fail(`${NIC} is gone`);
  const scannedAddresses = async (): Promise<string[]> =>
    (await kernel.scan()).physicalFunctions.map((pf) => pf.address);

  describe("looking for NICs", () => {
    it("finds nothing where there is no PCI bus", async () => {
      rmSync(join(tree.sysRoot, "bus"), { recursive: true });
      const { physicalFunctions, unreadable } = await kernel.scan();
      expect([physicalFunctions, unreadable]).to.deep.equal([[], []]);
    });

    it("passes over a NIC that can have no VFs", async () => {
      tree.nic(OTHER_NIC, { sriov_totalvfs: "0" });
      expect(await scannedAddresses()).to.deep.equal([NIC]);
    });

    it("passes over an NVMe disk that can have VFs", async () => {
      tree.nic("0000:06:00.0", { class: "0x010802" });
      expect(await scannedAddresses()).to.deep.equal([NIC]);
    });

    it("takes an InfiniBand controller for a NIC", async () => {
      tree.nic("0000:06:00.0", { class: "0x020700" });
      expect(await scannedAddresses()).to.deep.equal([NIC, "0000:06:00.0"]);
    });

    it("passes over a function that is somebody's VF", async () => {
      tree.nic(OTHER_NIC);
      tree.link(`${device(OTHER_NIC)}/physfn`, `../${NIC}`);
      expect(await scannedAddresses()).to.deep.equal([NIC]);
    });

    it("orders NICs by address", async () => {
      for (const address of ["0000:81:00.0", "0000:04:00.1", "0000:0a:00.0"]) tree.nic(address);
      expect(await scannedAddresses()).to.deep.equal([NIC, OTHER_NIC, "0000:0a:00.0", "0000:81:00.0"]);
    });

    it("reads more devices than it reads at once", async () => {
      const addresses = Array.from({ length: 40 }, (_, bus) => `0000:${bus + 10}:00.0`);
      for (const address of addresses) tree.nic(address);
      expect(await scannedAddresses()).to.deep.equal([NIC, ...addresses]);
    });
  });

  describe("reading a NIC", () => {
    it("leaves out the driver of one that has none", async () => {
      expect(await read()).not.to.have.property("driver");
    });

    it("leaves out the IOMMU group where there is no IOMMU", async () => {
      expect(await read()).not.to.have.property("iommuGroup");
    });

    it("orders VFs by number, so that virtfn10 comes after virtfn2", async () => {
      for (const index of [10, 2, 0, 1, 11]) tree.virtualFunction(NIC, index, `0000:04:${(16 + index).toString(16)}.1`);
      expect((await read()).virtualFunctions.map((vf) => vf.index)).to.deep.equal([0, 1, 2, 10, 11]);
    });

    it("orders several ports of one function by dev_port, not by name", async () => {
      tree.interface(NIC, "ens1", { dev_port: "1" });
      tree.interface(NIC, "ens1d1", { dev_port: "0" });
      expect((await read()).interfaces.map((it) => [it.port, it.name])).to.deep.equal([
        [0, "ens1d1"],
        [1, "ens1"],
      ]);
    });

    it("reads (null) and an empty attribute as none", async () => {
      tree.interface(NIC, "ens1", { operstate: "(null)", address: "" });
      expect((await read()).interfaces).to.deep.equal([
        { name: "ens1", port: 0, up: false, alternativeNames: [], uppers: [], addresses: [] },
      ]);
    });

    it("takes port 0 where the driver has no dev_port", async () => {
      tree.interface(NIC, "ens1");
      rmSync(`${tree.root}${device(NIC)}/net/ens1/dev_port`);
      expect((await read()).interfaces[0]?.port).to.equal(0);
    });

    it("does without an attribute that can't be read", async () => {
      tree.interface(NIC, "ens1");
      rmSync(`${tree.root}${device(NIC)}/net/ens1/operstate`);
      tree.directory(`${device(NIC)}/net/ens1/operstate`); // Reading it is EISDIR, for root too.
      expect((await read()).interfaces[0]).not.to.have.property("linkState");
    });
  });

  describe("when hardware goes while it is read", () => {
    it("reports a NIC whose files are gone, and reads the other", async () => {
      tree.nic(OTHER_NIC);
      rmSync(`${tree.root}${device(NIC)}/vendor`);
      const { physicalFunctions, unreadable } = await kernel.scan();
      expect(physicalFunctions.map((pf) => pf.address)).to.deep.equal([OTHER_NIC]);
      expect(unreadable.map(({ address, error }) => [address, error.code])).to.deep.equal([[NIC, "ENOENT"]]);
    });

    it("reports a NIC that answers with an error, and reads the other", async () => {
      tree.nic(OTHER_NIC);
      rmSync(`${tree.root}${device(NIC)}/class`);
      tree.directory(`${device(NIC)}/class`);
      const { physicalFunctions, unreadable } = await kernel.scan();
      expect(physicalFunctions.map((pf) => pf.address)).to.deep.equal([OTHER_NIC]);
      expect(unreadable[0]?.error.message).to.match(/^read .*\/0000:04:00\.0\/class: is a directory \(EISDIR\)$/);
    });

    it("passes over a device of which only the link is left", async () => {
      tree.link(device(OTHER_NIC), "../../../devices/gone");
      expect(await scannedAddresses()).to.deep.equal([NIC]);
    });

    it("knows no NIC at an address whose files are gone", async () => {
      rmSync(`${tree.root}${device(NIC)}/vendor`);
      expect(await kernel.physicalFunction(NIC)).to.equal(undefined);
    });

    it("rejects for one NIC that answers with an error", async () => {
      rmSync(`${tree.root}${device(NIC)}/class`);
      tree.directory(`${device(NIC)}/class`);
      expect(await kernel.physicalFunction(NIC).catch((error: unknown) => String(error))).to.match(/EISDIR/);
    });

    it("keeps what the system call said as the cause of what it rejects with", async () => {
      rmSync(`${tree.root}${device(NIC)}/class`);
      tree.directory(`${device(NIC)}/class`);
      const error = await kernel.physicalFunction(NIC).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(KernelError).with.nested.property("cause.syscall", "read");
    });

    it("reads the other VFs when the first is gone", async () => {
      tree.virtualFunction(NIC, 0, "0000:04:10.0", { missing: true });
      tree.virtualFunction(NIC, 1, "0000:04:10.2");
      expect((await read()).virtualFunctions.map((vf) => vf.deviceId)).to.deep.equal(["10ed", "10ed"]);
    });

    it("has no VFs when all of them are gone", async () => {
      tree.virtualFunction(NIC, 0, "0000:04:10.0", { missing: true });
      expect((await read()).numVfs).to.equal(0);
    });

    it("leaves out an interface that is gone", async () => {
      tree.interface(NIC, "ens1");
      tree.directory(`${device(NIC)}/net/ens2`);
      expect((await read()).interfaces.map((it) => it.name)).to.deep.equal(["ens1"]);
    });
  });
});
