import { expect } from "chai";
import type { PciAddress, PciFunctionDetail, VirtualFunction } from "../../../../reconciler/kernel/kernel.js";
import { ABSENT, NO_ADDRESS, refused, type ContractNode } from "./contract-node.js";

/** What a kernel tells of one function that may be handed to a guest, and the modules that this needs. */
export function describeFunctions(node: ContractNode): void {
  const { kernel, options, writes, read, readVf, ready, removeAllVfs } = node;
  const detail = async (address: PciAddress): Promise<PciFunctionDetail> =>
    (await kernel().pciFunction(address)) ?? expect.fail(`${address} is gone`);

  describe("one function", () => {
    let vf: VirtualFunction;
    before(async () => {
      await removeAllVfs();
      await writes(2);
      await ready();
      vf = await readVf(1);
    });

    it("is told as the list of all functions has it", async () => {
      for (const listed of await kernel().pciFunctions()) {
        expect(await detail(listed.address)).to.deep.include(listed);
      }
    });

    it("has the interfaces of its PF, and how many VFs that has", async () => {
      const { interfaces, numVfs } = await detail(node.nic);
      expect({ interfaces, numVfs }).to.deep.equal({ interfaces: (await read()).interfaces, numVfs: 2 });
    });

    it("has on a VF its PF, its index and its interfaces", async () => {
      const { index, ...seen } = vf;
      expect(await detail(vf.address)).to.deep.include({
        ...seen,
        physicalFunction: node.nic,
        virtualFunctionIndex: 1,
        numVfs: 0,
      });
    });

    it("has no index on a PF", async () => {
      expect(await detail(node.nic)).not.to.have.any.keys("physicalFunction", "virtualFunctionIndex");
    });

    it("names the others of its IOMMU group, each with IDs and driver, as these name it", async () => {
      const functions = await kernel().pciFunctions();
      for (const { address, iommuGroup } of functions) {
        const others = functions.filter((it) => it.address !== address && it.iommuGroup === iommuGroup);
        const expected = iommuGroup === undefined ? [] : others.map(({ numaNode, physicalFunction, ...it }) => it);
        expect((await detail(address)).groupMembers).to.deep.equal(expected);
      }
    });

    it("has nothing mounted on a NIC", async () => {
      expect((await detail(node.nic)).mounts).to.deep.equal([]);
    });

    it("has no interface while a VF is with vfio-pci, nor one elsewhere", async () => {
      await kernel().bindDriver(vf.address, "vfio-pci", options);
      const { driver, interfaces, interfaceElsewhere } = await detail(vf.address);
      expect({ driver, interfaces, interfaceElsewhere }).to.deep.equal({
        driver: "vfio-pci",
        interfaces: [],
        interfaceElsewhere: false,
      });
      await kernel().bindDriver(vf.address, undefined, options);
    });

    it("is none at an address without a device", async () => {
      expect(await kernel().pciFunction(ABSENT)).to.equal(undefined);
    });

    it("is none once it is gone", async () => {
      await removeAllVfs();
      expect(await kernel().pciFunction(vf.address)).to.equal(undefined);
    });

    it("refuses what is no PCI address", async () => {
      const outcome = await kernel().pciFunction(NO_ADDRESS).catch(String);
      expect(outcome).to.equal('TypeError: "../../../tmp" is not a PCI address such as 0000:04:10.2');
    });
  });

  describe("loading a driver", () => {
    it("does nothing where it is there", async () => {
      await kernel().loadDriver((await read()).driver ?? "", options);
      await kernel().loadDriver("vfio-pci", options);
    });

    it("answers ENOENT where the node has no such module", async () => {
      const { code, message } = await refused(kernel().loadDriver("no-such-driver", options));
      expect(code).to.equal("ENOENT");
      expect(message).to.match(/modprobe no-such-driver for .*: no such file .*; the node's kernel has no such module/);
    });

    it("refuses what is no driver's name before it becomes an argument", async () => {
      expect(await kernel().loadDriver("-r", options).catch(String)).to.equal(
        'TypeError: "-r" is not a driver\'s name',
      );
    });
  });
}
