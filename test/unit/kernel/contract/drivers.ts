import { expect } from "chai";
import type { PciAddress, VirtualFunction } from "../../../../reconciler/kernel/kernel.js";
import { ABSENT, eventually, refused, type ContractNode } from "./contract-node.js";

/** Who drives a VF, and who may. */
export function describeDrivers(node: ContractNode): void {
  const { kernel, options, writes, read, readVf, isReady, ready, removeAllVfs } = node;

  describe("drivers", () => {
    const autoprobe = (on: boolean, address = node.nic): Promise<void> =>
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

      it("stay where a VF is to be taken from another one", async () => {
        await kernel().bindDriver(address, undefined, { ...options, takeFrom: "vfio-pci" });
        expect(await readVf()).to.deep.equal(before[0]);
      });

      it("are picked anew where a VF is taken from the one that it has", async () => {
        const [{ driver = "" } = {}] = before;
        await kernel().bindDriver(address, undefined, { ...options, takeFrom: driver });
        await eventually(async () => isReady(await readVf()));
        expect((await readVf()).driver).to.equal(driver);
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

      it("are given to one VF alone, and its twin of the same IDs has none still", async () => {
        // While it is off, Linux gives a VF only the driver that was named for this one.
        await autoprobe(true);
        await bind((await readVf()).address, "vfio-pci");
        const drivers = (await read()).virtualFunctions.map((vf) => vf.driver);
        expect(drivers).to.deep.equal(["vfio-pci", undefined]);
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
      expect(await bind(node.nic, "../../tmp").catch(String)).to.equal(
        'TypeError: "../../tmp" is not a driver\'s name',
      );
    });
  });
}
