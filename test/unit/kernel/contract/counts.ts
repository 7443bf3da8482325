import { expect } from "chai";
import type { PciAddress } from "../../../../reconciler/kernel/kernel.js";
import { ABSENT, NO_ADDRESS, asKernelError, type ContractNode } from "./contract-node.js";

/** The number of VFs. */
export function describeCounts(node: ContractNode): void {
  const { kernel, options, write, writes, refusal, read, readVf, vfAddresses, removeAllVfs } = node;

  describe("creating VFs", () => {
    beforeEach(removeAllVfs);

    it("has made as many as totalVfs when the write returns", async () => {
      const { totalVfs } = await read();
      await writes(totalVfs);
      expect((await read()).numVfs).to.equal(totalVfs);
    });

    it("leaves the other NIC alone", async () => {
      await write(node.otherNic, 2);
      const before = await vfAddresses(node.otherNic);
      await writes(3, 0);
      expect(await vfAddresses(node.otherNic)).to.deep.equal(before);
    });

    it("serves two NICs at the same time", async () => {
      await Promise.all([write(node.nic, 3), write(node.otherNic, 2)]);
      expect([(await read(node.nic)).numVfs, (await read(node.otherNic)).numVfs]).to.deep.equal([3, 2]);
    });

    it("lets the NIC be read meanwhile, in every way", async () => {
      const writing = write(node.nic, 3);
      const [one, { physicalFunctions, unreadable }, functions] = await Promise.all([
        read(),
        kernel().scan(),
        kernel().pciFunctions(),
      ]);
      await writing;
      expect(one.numVfs).to.be.within(0, 3);
      expect(physicalFunctions.map((pf) => pf.address)).to.include.members([node.nic, node.otherNic]);
      expect(unreadable).to.be.empty;
      expect(functions.map((found) => found.address)).to.include(node.nic);
    });
  });

  describe("changing from 4 to another number", () => {
    let made: readonly PciAddress[];
    before(async () => {
      await removeAllVfs();
      await writes(4);
      made = await vfAddresses();
    });

    for (const count of [6, 2]) {
      it(`refuses ${count} with EBUSY, and keeps the VFs that it has`, async () => {
        expect((await refusal(node.nic, count)).code).to.equal("EBUSY");
        expect(await vfAddresses()).to.deep.equal(made);
      });
    }

    it("refuses one above totalVfs with ERANGE", async () => {
      expect((await refusal(node.nic, (await read()).totalVfs + 1)).code).to.equal("ERANGE");
    });

    it("accepts the number that is there and changes nothing", async () => {
      await writes(4);
      expect(await vfAddresses()).to.deep.equal(made);
    });

    it("goes through 0, and the first four addresses come again", async () => {
      await writes(0, 6);
      const after = await vfAddresses();
      expect(after).to.have.length(6);
      expect(after.slice(0, 4)).to.deep.equal(made);
    });
  });

  describe("changing their number", () => {
    beforeEach(removeAllVfs);

    it("removes all VFs at 0", async () => {
      await writes(4, 0);
      const { numVfs, virtualFunctions } = await read();
      expect(numVfs).to.equal(0);
      expect(virtualFunctions).to.be.empty;
    });

    it("removes them from the list of all functions at 0", async () => {
      await writes(2, 0);
      const left = (await kernel().pciFunctions()).filter((found) => found.physicalFunction === node.nic);
      expect(left).to.be.empty;
    });

    it("removes VFs that vfio-pci has and nobody uses", async () => {
      await writes(1);
      await kernel().bindDriver((await readVf()).address, "vfio-pci", options);
      await writes(0);
      expect((await read()).numVfs).to.equal(0);
    });

    it("lets one of two different numbers at the same time win, and tells the other EBUSY", async () => {
      const outcomes = await Promise.allSettled([write(node.nic, 2), write(node.nic, 5)]);
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      expect(refused.map((outcome) => asKernelError(outcome.reason).code)).to.deep.equal(["EBUSY"]);
      expect((await read()).numVfs).to.equal(outcomes[0].status === "fulfilled" ? 2 : 5);
    });
  });

  describe("bad numbers", () => {
    before(removeAllVfs);

    it("refuses one above totalVfs with ERANGE", async () => {
      expect((await refusal(node.nic, (await read()).totalVfs + 1)).code).to.equal("ERANGE");
    });

    for (const count of [-1, 1.5, NaN]) {
      it(`refuses ${count} with EINVAL`, async () => {
        expect((await refusal(node.nic, count)).code).to.equal("EINVAL");
      });
    }
  });

  describe("errors", () => {
    it("answer ENOENT for a device that is not there", async () => {
      expect((await refusal(ABSENT, 1)).code).to.equal("ENOENT");
    });

    it("name the file and what was written to it", async () => {
      const { path, operation, message } = await refusal(ABSENT, 1);
      expect(path).to.match(new RegExp(`/bus/pci/devices/${ABSENT}/sriov_numvfs$`));
      expect(operation).to.equal("write 1");
      expect(message).to.equal(`write 1 ${path}: no such file or directory (ENOENT)`);
    });

    it("refuse what is no PCI address before it becomes a path", async () => {
      const outcome = await write(NO_ADDRESS, 1).catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(TypeError);
    });
  });
}
