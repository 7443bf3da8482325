import { expect } from "chai";
import { isDeepStrictEqual } from "node:util";
import type { ListedPciFunction } from "../../../../reconciler/kernel/kernel.js";
import { ABSENT, MAC_ADDRESS, NO_ADDRESS, routingId, type ContractNode } from "./contract-node.js";

/** What a kernel tells of its NICs and VFs. */
export function describeReading(node: ContractNode): void {
  const { kernel, writes, refusal, read, readVf, vfAddresses, ready, removeAllVfs } = node;

  describe("reading", () => {
    it("lists PFs in order of their addresses", async () => {
      const addresses = (await kernel().scan()).physicalFunctions.map((pf) => pf.address);
      expect(addresses).to.include.members([node.nic, node.otherNic]);
      expect(addresses).to.deep.equal([...addresses].sort());
    });

    it("reads every device of the node", async () => {
      expect((await kernel().scan()).unreadable).to.be.empty;
    });

    it("gives IDs as bare hex digits, of a network controller", async () => {
      const { vendorId, deviceId, classId } = await read();
      expect(vendorId).to.match(/^[0-9a-f]{4}$/);
      expect(deviceId).to.match(/^[0-9a-f]{4}$/);
      expect(classId).to.match(/^02[0-9a-f]{4}$/);
    });

    it("names the PF's driver", async () => {
      expect((await read()).driver).to.match(/^\w/);
    });

    it("gives the PF's interface with its MAC address", async () => {
      const [first] = (await read()).interfaces;
      expect(first?.name).to.match(/^\w/);
      expect(first?.macAddress).to.match(MAC_ADDRESS);
    });

    it("gives no interface the name that it has as another one too", async () => {
      const { interfaces } = await read();
      for (const { name, alternativeNames } of interfaces) expect(alternativeNames).not.to.include(name);
    });

    it("knows no PF at an address without a device", async () => {
      expect(await kernel().physicalFunction(ABSENT)).to.equal(undefined);
    });

    it("refuses what is no PCI address", async () => {
      const outcome = await kernel().physicalFunction(NO_ADDRESS).catch(String);
      expect(outcome).to.equal('TypeError: "../../../tmp" is not a PCI address such as 0000:04:10.2');
    });

    it("lists all functions in order of their addresses", async () => {
      const addresses = (await kernel().pciFunctions()).map((found) => found.address);
      expect(addresses).to.include.members([node.nic, node.otherNic]);
      expect(addresses).to.deep.equal([...addresses].sort());
    });

    it("lists a PF as it reads it", async () => {
      const functions = await kernel().pciFunctions();
      const { numaNode, ...listed } =
        functions.find((it) => it.address === node.nic) ?? expect.fail("it is not listed");
      expect(await read()).to.deep.include(listed);
      expect(listed).to.have.property("driver");
      expect(listed).not.to.have.property("physicalFunction");
    });
  });

  describe("with three VFs", () => {
    before(async () => {
      await removeAllVfs();
      await writes(3);
      await ready();
    });

    it("has numbered them from 0", async () => {
      const { numVfs, virtualFunctions } = await read();
      expect(numVfs).to.equal(3);
      expect(virtualFunctions.map((vf) => vf.index)).to.deep.equal([0, 1, 2]);
    });

    it("reads one PF as the scan does", async () => {
      const inScan = async () => (await kernel().scan()).physicalFunctions.find((pf) => pf.address === node.nic);
      // A link comes up when it will, between two looks as well.
      for (;;) {
        const [before, alone, after] = [await inScan(), await read(), await inScan()];
        if (!isDeepStrictEqual(before, after)) continue;
        expect(alone).to.deep.equal(before);
        break;
      }
    });

    it("knows no PF at a VF's address", async () => {
      expect(await kernel().physicalFunction((await readVf()).address)).to.equal(undefined);
    });

    it("does not list VFs among the PFs, nor among NICs that can have none", async () => {
      const { physicalFunctions, incapable } = await kernel().scan();
      const listed = [...physicalFunctions, ...incapable].map((found) => found.address);
      expect(listed).not.to.include.members(await vfAddresses());
    });

    it("spaces their routing IDs evenly", async () => {
      const [first = 0, second = 0, third = 0] = (await vfAddresses()).map(routingId);
      expect(second - first).to.be.above(0);
      expect(third - second).to.equal(second - first);
    });

    it("gives them the PF's vendor and class, and an ID of their own", async () => {
      const { vendorId, deviceId, classId, virtualFunctions } = await read();
      for (const vf of virtualFunctions) expect(vf).to.include({ vendorId, classId });
      for (const vf of virtualFunctions) expect(vf.deviceId).not.to.equal(deviceId);
    });

    it("gives each an interface with a MAC address, down at first", async () => {
      for (const { interfaces } of (await read()).virtualFunctions) {
        expect(interfaces[0]?.macAddress).to.match(MAC_ADDRESS);
        expect(interfaces[0]?.up).to.equal(false);
      }
    });

    it("says that their interfaces are here", async () => {
      const elsewhere = (await read()).virtualFunctions.map((vf) => vf.interfaceElsewhere);
      expect(elsewhere).to.deep.equal([false, false, false]);
    });

    it("lists them among all functions, with their PF", async () => {
      const functions = await kernel().pciFunctions();
      const listed = functions.filter((found) => found.physicalFunction === node.nic);
      const expected = (await read()).virtualFunctions.map(
        ({ index, interfaces, interfaceElsewhere, ...vf }): ListedPciFunction => ({
          ...vf,
          physicalFunction: node.nic,
        }),
      );
      expect(listed).to.deep.equal(expected);
    });

    it("answers ENOENT to a number of VFs for a VF", async () => {
      expect((await refusal((await readVf()).address, 1)).code).to.equal("ENOENT");
    });
  });
}
