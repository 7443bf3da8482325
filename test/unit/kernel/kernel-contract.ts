import { expect } from "chai";
import {
  KernelError,
  parsePciAddress,
  type Kernel,
  type ListedPciFunction,
  type PciAddress,
  type PhysicalFunction,
  type VirtualFunction,
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

    const options = { deadlineMs: timeoutMs };
    const write = (address: PciAddress, count: number): Promise<void> => kernel().setNumVfs(address, count, options);
    const writes = async (...counts: number[]): Promise<void> => {
      for (const count of counts) await write(nic, count);
    };
    const refusal = (address: PciAddress, count: number): Promise<KernelError> => refused(write(address, count));
    const read = async (address = nic): Promise<PhysicalFunction> => {
      const found = await kernel().physicalFunction(address);
      return found ?? expect.fail(`${address} is gone`);
    };
    const readVf = async (index = 0): Promise<VirtualFunction> =>
      (await read()).virtualFunctions[index] ?? expect.fail(`VF ${index} of ${nic} is gone`);
    const vfAddresses = async (address = nic): Promise<PciAddress[]> =>
      (await read(address)).virtualFunctions.map((vf) => vf.address);
    const isReady = (vf: VirtualFunction): boolean => vf.driver !== undefined && vf.interfaces.length === 1;
    const ready = (): Promise<void> => eventually(async () => (await read()).virtualFunctions.every(isReady));

    before(async () => {
      const found = (await kernel().scan()).physicalFunctions.map((pf) => pf.address);
      [nic, otherNic] = (nics ?? found.slice(0, 2)).map(parsePciAddress) as [PciAddress, PciAddress];
      await removeAllVfs();
    });

    // Before each test that writes, and free where there are none: on an emulated machine, removing takes seconds.
    const removeAllVfs = async (): Promise<void> => {
      await write(nic, 0);
      await write(otherNic, 0);
    };
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
        expect(first?.macAddress).to.match(MAC_ADDRESS);
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
        expect(addresses).to.include.members([nic, otherNic]);
        expect(addresses).to.deep.equal([...addresses].sort());
      });

      it("lists a PF as it reads it", async () => {
        const listed = (await kernel().pciFunctions()).find((found) => found.address === nic);
        expect(await read()).to.deep.include(listed ?? expect.fail(`${nic} is not listed`));
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
        const inScan = (await kernel().scan()).physicalFunctions.find((pf) => pf.address === nic);
        expect(await read()).to.deep.equal(inScan);
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
        const listed = functions.filter((found) => found.physicalFunction === nic);
        const expected = (await read()).virtualFunctions.map(
          ({ index, interfaces, interfaceElsewhere, ...vf }): ListedPciFunction => ({ ...vf, physicalFunction: nic }),
        );
        expect(listed).to.deep.equal(expected);
      });

      it("answers ENOENT to a number of VFs for a VF", async () => {
        expect((await refusal((await readVf()).address, 1)).code).to.equal("ENOENT");
      });
    });

    describe("drivers", () => {
      const autoprobe = (on: boolean, address = nic): Promise<void> =>
        kernel().setDriversAutoprobe(address, on, options);
      const bind = (address: PciAddress, driver: string | undefined): Promise<void> =>
        kernel().bindDriver(address, driver, options);

      describe("of VFs made with autoprobe on", () => {
        let before: readonly VirtualFunction[];
        let address: PciAddress;
        beforeEach(async () => {
          if ((await read()).numVfs !== 2) {
            await removeAllVfs();
            await writes(2);
          }
          await ready();
          before = (await read()).virtualFunctions;
          address = (await readVf()).address;
        });
        afterEach(() => bind(address, undefined));

        it("are one and the same", () => {
          const [first, second] = before.map((vf) => vf.driver);
          expect(first).to.equal(second);
        });

        it("can be vfio-pci, which takes the interface away", async () => {
          await bind(address, "vfio-pci");
          const { driver, interfaces, interfaceElsewhere } = await readVf();
          expect({ driver, interfaces, interfaceElsewhere }).to.deep.equal({
            driver: "vfio-pci",
            interfaces: [],
            interfaceElsewhere: false,
          });
        });

        it("change for one VF alone", async () => {
          await bind(address, "vfio-pci");
          expect(await readVf(1)).to.deep.equal(before[1]);
        });

        it("are told by the list of all functions", async () => {
          await bind(address, "vfio-pci");
          const listed = (await kernel().pciFunctions()).find((found) => found.address === address);
          expect(listed?.driver).to.equal("vfio-pci");
        });

        it("come back with the interface when the VF is given back", async () => {
          await bind(address, "vfio-pci");
          await bind(address, undefined);
          await ready();
          expect((await readVf()).driver).to.equal(before[0]?.driver);
        });

        it("can be bound twice to the same", async () => {
          await bind(address, "vfio-pci");
          await bind(address, "vfio-pci");
          expect((await readVf()).driver).to.equal("vfio-pci");
        });

        it("stay when they are what is asked for, and the interface with them", async () => {
          await bind(address, before[0]?.driver);
          expect(await readVf()).to.deep.equal(before[0]);
        });

        it("stay when a VF that was never taken is given back", async () => {
          await bind(address, undefined);
          expect(await readVf()).to.deep.equal(before[0]);
        });

        it("can be changed for two VFs at the same time", async () => {
          await Promise.all(before.map((vf) => bind(vf.address, "vfio-pci")));
          expect((await read()).virtualFunctions.map((vf) => vf.driver)).to.deep.equal(["vfio-pci", "vfio-pci"]);
          await Promise.all(before.map((vf) => bind(vf.address, undefined)));
          await ready();
        });

        it("stay when another one is not there: ENODEV", async () => {
          const { code, path, message } = await refused(bind(address, "no-such-driver"));
          expect(code).to.equal("ENODEV");
          expect(path).to.match(/\/bus\/pci\/drivers\/no-such-driver$/);
          expect(message).to.match(/no such device \(ENODEV\); load the driver: modprobe no-such-driver$/);
          expect(await readVf()).to.deep.equal(before[0]);
        });

        it("come back when another one does not take the VF: ENODEV", async () => {
          const { code, path } = await refused(bind(address, (await read()).driver));
          expect(code).to.equal("ENODEV");
          expect(path).to.match(new RegExp(`/${address}/driver$`));
          await ready();
          expect((await readVf()).driver).to.equal(before[0]?.driver);
        });

        it("are not held by an attempt that failed", async () => {
          await refused(bind(address, (await read()).driver));
          await ready();
          const afterwards = await readVf();
          await bind(address, undefined);
          expect(await readVf()).to.deep.equal(afterwards);
        });

        it("stay with the VFs that there are when autoprobe goes off", async () => {
          await autoprobe(false);
          expect(await read()).to.deep.include({ driversAutoprobe: false, virtualFunctions: before });
          await autoprobe(true);
        });
      });

      describe("of VFs made with autoprobe off", () => {
        beforeEach(async () => {
          await autoprobe(false);
          if ((await read()).virtualFunctions.some((vf) => vf.driver !== undefined) || (await read()).numVfs !== 2) {
            await removeAllVfs();
            await writes(2);
          }
        });
        after(() => autoprobe(true));

        it("are none, and there are no interfaces", async () => {
          const { driversAutoprobe, virtualFunctions } = await read();
          expect(driversAutoprobe).to.equal(false);
          expect(virtualFunctions.map((vf) => [vf.driver, vf.interfaces])).to.deep.equal([
            [undefined, []],
            [undefined, []],
          ]);
        });

        it("stay none when a VF is offered to its driver", async () => {
          await bind((await readVf()).address, undefined);
          expect((await readVf()).driver).to.equal(undefined);
        });

        it("come with autoprobe on, when the VF is offered", async () => {
          await autoprobe(true);
          await bind((await readVf()).address, undefined);
          await eventually(async () => isReady(await readVf()));
        });

        it("can be vfio-pci at once", async () => {
          await bind((await readVf()).address, "vfio-pci");
          expect((await readVf()).driver).to.equal("vfio-pci");
        });
      });

      it("answer ENOENT for a function that is not there", async () => {
        expect((await refused(bind(ABSENT, "vfio-pci"))).code).to.equal("ENOENT");
      });

      it("answer ENOENT for a function that is not there and is given back", async () => {
        expect((await refused(bind(ABSENT, undefined))).code).to.equal("ENOENT");
      });

      it("answer ENOENT to autoprobe for a PF that is not there", async () => {
        const { code, operation } = await refused(autoprobe(false, ABSENT));
        expect([code, operation]).to.deep.equal(["ENOENT", "write 0"]);
      });

      it("refuse what is no driver's name before it becomes a path", async () => {
        expect(await bind(nic, "../../tmp").catch(String)).to.equal('TypeError: "../../tmp" is not a driver\'s name');
      });
    });

    describe("setting an interface up", () => {
      const setUp = (address: PciAddress, name: string): Promise<void> =>
        kernel().setInterfaceUp(address, name, options);
      const pfInterface = async (): Promise<string> =>
        (await read()).interfaces[0]?.name ?? expect.fail("no interface");

      it("is seen", async () => {
        await setUp(nic, await pfInterface());
        expect((await read()).interfaces[0]?.up).to.equal(true);
      });

      it("changes nothing where it is up", async () => {
        await setUp(nic, await pfInterface());
        await setUp(nic, await pfInterface());
        expect((await read()).interfaces[0]?.up).to.equal(true);
      });

      it("works for a VF's, once its PF's is", async () => {
        await setUp(nic, await pfInterface());
        await removeAllVfs();
        await writes(1);
        await ready();
        const { address, interfaces } = await readVf();
        expect(interfaces[0]?.up).to.equal(false);
        await setUp(address, interfaces[0]?.name ?? "");
        expect((await readVf()).interfaces[0]?.up).to.equal(true);
      });

      it("answers ENOENT where there is no such interface", async () => {
        const { code, path } = await refused(setUp(nic, "lan9"));
        expect(code).to.equal("ENOENT");
        expect(path).to.match(new RegExp(`/${nic}/net/lan9/flags$`));
      });

      it("answers ENOENT where there is no such function", async () => {
        expect((await refused(setUp(ABSENT, "lan9"))).code).to.equal("ENOENT");
      });

      it("refuses what is no interface's name before it becomes a path", async () => {
        expect(await setUp(nic, "..").catch(String)).to.equal('TypeError: ".." is not an interface\'s name');
      });
    });

    describe("creating VFs", () => {
      beforeEach(removeAllVfs);

      it("has made as many as totalVfs when the write returns", async () => {
        const { totalVfs } = await read();
        await writes(totalVfs);
        expect((await read()).numVfs).to.equal(totalVfs);
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

      it("lets the NIC be read meanwhile, in every way", async () => {
        const writing = write(nic, 3);
        const [one, { physicalFunctions, unreadable }, functions] = await Promise.all([
          read(),
          kernel().scan(),
          kernel().pciFunctions(),
        ]);
        await writing;
        expect(one.numVfs).to.be.within(0, 3);
        expect(physicalFunctions.map((pf) => pf.address)).to.include.members([nic, otherNic]);
        expect(unreadable).to.be.empty;
        expect(functions.map((found) => found.address)).to.include(nic);
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
          expect((await refusal(nic, count)).code).to.equal("EBUSY");
          expect(await vfAddresses()).to.deep.equal(made);
        });
      }

      it("refuses one above totalVfs with ERANGE", async () => {
        expect((await refusal(nic, (await read()).totalVfs + 1)).code).to.equal("ERANGE");
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
        const left = (await kernel().pciFunctions()).filter((found) => found.physicalFunction === nic);
        expect(left).to.be.empty;
      });

      it("removes VFs that vfio-pci has and nobody uses", async () => {
        await writes(1);
        await kernel().bindDriver((await readVf()).address, "vfio-pci", options);
        await writes(0);
        expect((await read()).numVfs).to.equal(0);
      });

      it("lets one of two different numbers at the same time win, and tells the other EBUSY", async () => {
        const outcomes = await Promise.allSettled([write(nic, 2), write(nic, 5)]);
        const refused = outcomes.filter((outcome) => outcome.status === "rejected");
        expect(refused.map((outcome) => asKernelError(outcome.reason).code)).to.deep.equal(["EBUSY"]);
        expect((await read()).numVfs).to.equal(outcomes[0].status === "fulfilled" ? 2 : 5);
      });
    });

    describe("bad numbers", () => {
      before(removeAllVfs);

      it("refuses one above totalVfs with ERANGE", async () => {
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
        const outcome = await write(NO_ADDRESS, 1).catch((error: unknown) => error);
        expect(outcome).to.be.instanceOf(TypeError);
      });
    });
  });
}

const MAC_ADDRESS = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/;

/** No machine of ours has that many buses. */
const ABSENT = parsePciAddress("0000:fe:1f.7");

const NO_ADDRESS = "../../../tmp" as PciAddress;

function refused(attempt: Promise<void>): Promise<KernelError> {
  return attempt.then(() => expect.fail("it went through"), asKernelError);
}

function asKernelError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  throw error;
}

function routingId(address: PciAddress): number {
  const [, bus = "", device = "", fn = ""] = address.split(/[:.]/);
  return (parseInt(bus, 16) << 8) | (parseInt(device, 16) << 3) | parseInt(fn, 16);
}

/** The kernel interface has no event for a late driver or name; the test's own timeout ends the asking. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
