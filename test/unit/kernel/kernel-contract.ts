import { expect } from "chai";
import {
  KernelError,
  parsePciAddress,
  type Kernel,
  type PciAddress,
  type PhysicalFunction,
} from "../../../reconciler/kernel/kernel.js";

export interface KernelUnderTest {
  /** On a node with at least two NICs that are there for the tests, each good for 7 VFs or more. */
  readonly kernel: () => Kernel;
  /** The two of them, where the node has others that are to be left alone. Default: the first two of a scan. */
  readonly nics?: readonly [string, string];
  /** For one test; each makes up to three writes. Default 10000. */
  readonly timeoutMs?: number;
}

/** What is true of every kernel, real or simulated. It leaves both NICs with 0 VFs. */
export function describeKernelContract(name: string, { kernel, nics, timeoutMs = 10_000 }: KernelUnderTest): void {
  describe(`${name} keeps the kernel's contract`, function () {
    this.timeout(timeoutMs);
    let nic: PciAddress;
    let otherNic: PciAddress;

    const write = (address: PciAddress, count: number): Promise<void> =>
      kernel().setNumVfs(address, count, { deadlineMs: timeoutMs });
    const writes = async (...counts: number[]): Promise<void> => {
      for (const count of counts) await write(nic, count);
    };
    const refusal = (address: PciAddress, count: number): Promise<KernelError> =>
      write(address, count).then(() => expect.fail(`write ${count} went through`), asKernelError);
    const read = async (address = nic): Promise<PhysicalFunction> => {
      const found = await kernel().physicalFunction(address);
      return found ?? expect.fail(`${address} is gone`);
    };
    const vfAddresses = async (address = nic): Promise<PciAddress[]> =>
      (await read(address)).virtualFunctions.map((vf) => vf.address);

    before(async () => {
      const found = (await kernel().scan()).physicalFunctions.map((pf) => pf.address);
      [nic, otherNic] = (nics ?? found.slice(0, 2)).map(parsePciAddress) as [PciAddress, PciAddress];
    });

    const removeAllVfs = async (): Promise<void> => {
      await write(nic, 0);
      await write(otherNic, 0);
    };
    beforeEach(removeAllVfs);
    after(removeAllVfs);

    describe("reading", () => {
      it("lists PFs in order of their addresses", async () => {
        const addresses = (await kernel().scan()).physicalFunctions.map((pf) => pf.address);
        expect(addresses).to.include.members([nic, otherNic]);
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
        expect(first?.macAddress).to.match(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      });

      it("reads one PF as the scan does", async () => {
        await writes(3);
        await eventually(async () => (await read()).virtualFunctions.every((vf) => vf.interfaces.length > 0));
        const inScan = (await kernel().scan()).physicalFunctions.find((pf) => pf.address === nic);
        expect(await read()).to.deep.equal(inScan);
      });

      it("knows no PF at an address without a device", async () => {
        expect(await kernel().physicalFunction(ABSENT)).to.equal(undefined);
      });

      it("knows no PF at a VF's address", async () => {
        await writes(1);
        const [vf = ABSENT] = await vfAddresses();
        expect(await kernel().physicalFunction(vf)).to.equal(undefined);
      });

      it("lists VFs among the node's functions, with the PF that they belong to", async () => {
        await writes(2);
        const listed = await kernel().pciFunctions();
        const physicalFunctions = new Map(listed.map((it) => [it.address, it.physicalFunction]));
        const vfs = await vfAddresses();
        expect(vfs.map((vf) => physicalFunctions.get(vf))).to.deep.equal([nic, nic]);
      });

      it("lists PFs among the node's functions, as functions of their own", async () => {
        const listed = await kernel().pciFunctions();
        const { vendorId, deviceId, classId, driver, iommuGroup } = await read();
        const found = listed.find(({ address }) => address === nic);
        expect(found).to.include({ vendorId, deviceId, classId, driver });
        expect(found?.iommuGroup).to.equal(iommuGroup);
        expect(found).not.to.have.property("physicalFunction");
      });

      it("does not list VFs among the PFs", async () => {
        await writes(2);
        const listed = (await kernel().scan()).physicalFunctions.map((pf) => pf.address);
        expect(listed).not.to.include.members(await vfAddresses());
      });
    });

    describe("creating VFs", () => {
      it("has made them when the write returns, numbered from 0", async () => {
        await writes(4);
        const { numVfs, virtualFunctions } = await read();
        expect(numVfs).to.equal(4);
        expect(virtualFunctions.map((vf) => vf.index)).to.deep.equal([0, 1, 2, 3]);
      });

      it("makes as many as totalVfs", async () => {
        const { totalVfs } = await read();
        await writes(totalVfs);
        expect((await read()).numVfs).to.equal(totalVfs);
      });

      it("spaces their routing IDs evenly", async () => {
        await writes(5);
        const ids = (await vfAddresses()).map(routingId);
        const stride = (ids[1] ?? 0) - (ids[0] ?? 0);
        expect(stride).to.be.above(0);
        expect(ids).to.deep.equal(ids.map((_, index) => (ids[0] ?? 0) + index * stride));
      });

      it("gives them the PF's vendor", async () => {
        await writes(2);
        const { vendorId, virtualFunctions } = await read();
        expect(virtualFunctions.map((vf) => vf.vendorId)).to.deep.equal([vendorId, vendorId]);
      });

      it("gives each a driver and an interface sooner or later", async () => {
        await writes(2);
        await eventually(async () =>
          (await read()).virtualFunctions.every((vf) => vf.driver !== undefined && vf.interfaces.length === 1),
        );
      });

      it("leaves the other NIC alone", async () => {
        await write(otherNic, 2);
        const before = await vfAddresses(otherNic);
        await writes(3, 0);
        expect(await vfAddresses(otherNic)).to.deep.equal(before);
      });

      it("serves two NICs at the same time", async () => {
        await Promise.all([write(nic, 3), write(otherNic, 2)]);
        expect([(await read(nic)).numVfs, (await read(otherNic)).numVfs]).to.deep.equal([3, 2]);
      });
    });

    describe("changing their number", () => {
      it("removes all VFs at 0", async () => {
        await writes(4, 0);
        const { numVfs, virtualFunctions } = await read();
        expect(numVfs).to.equal(0);
        expect(virtualFunctions).to.be.empty;
      });

      it("refuses 4 to 6 with EBUSY", async () => {
        await writes(4);
        expect((await refusal(nic, 6)).code).to.equal("EBUSY");
      });

      it("refuses 4 to 2 with EBUSY", async () => {
        await writes(4);
        expect((await refusal(nic, 2)).code).to.equal("EBUSY");
      });

      it("keeps the VFs that it has when it refuses", async () => {
        await writes(4);
        const before = await vfAddresses();
        await refusal(nic, 6);
        expect(await vfAddresses()).to.deep.equal(before);
      });

      it("takes 4 to 6 through 0, and the first four addresses come again", async () => {
        await writes(4);
        const before = await vfAddresses();
        await writes(0, 6);
        const after = await vfAddresses();
        expect(after).to.have.length(6);
        expect(after.slice(0, 4)).to.deep.equal(before);
      });

      it("accepts the number that is there and changes nothing", async () => {
        await writes(3);
        const before = await vfAddresses();
        await writes(3);
        expect(await vfAddresses()).to.deep.equal(before);
      });

      it("lets one of two different numbers at the same time win, and tells the other EBUSY", async () => {
        const outcomes = await Promise.allSettled([write(nic, 2), write(nic, 5)]);
        const refused = outcomes.filter((outcome) => outcome.status === "rejected");
        expect(refused.map((outcome) => asKernelError(outcome.reason).code)).to.deep.equal(["EBUSY"]);
        expect((await read()).numVfs).to.equal(outcomes[0].status === "fulfilled" ? 2 : 5);
      });
    });

    describe("bad numbers", () => {
      it("refuses one above totalVfs with ERANGE", async () => {
        expect((await refusal(nic, (await read()).totalVfs + 1)).code).to.equal("ERANGE");
      });

      it("refuses one above totalVfs with ERANGE while there are VFs, too", async () => {
        await writes(2);
        expect((await refusal(nic, (await read()).totalVfs + 1)).code).to.equal("ERANGE");
      });

      for (const count of [-1, 1.5, NaN]) {
        it(`refuses ${count} with EINVAL`, async () => {
          expect((await refusal(nic, count)).code).to.equal("EINVAL");
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
        const outcome = await write("../../../tmp" as PciAddress, 1).catch((error: unknown) => error);
        expect(outcome).to.be.instanceOf(TypeError);
      });
    });
  });
}

/** No machine of ours has that many buses. */
const ABSENT = parsePciAddress("0000:fe:1f.7");

function asKernelError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  throw error;
}

function routingId(address: PciAddress): number {
  const [, bus = "", device = "", fn = ""] = address.split(/[:.]/);
  return (parseInt(bus, 16) << 8) | (parseInt(device, 16) << 3) | parseInt(fn, 16);
}

/** The kernel interface has no event for a late driver or name; the test's own timeout ends the asking. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
