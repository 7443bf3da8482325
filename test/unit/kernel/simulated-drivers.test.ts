import { expect } from "chai";
import { setImmediate } from "node:timers/promises";
import type { SimulatedKernel } from "../../../lab/nodes/simulated/client.js";
import type { SimulatedHardware } from "../../../lab/nodes/simulated/hardware-client.js";
import { parsePciAddress, type VirtualFunction } from "../../../reconciler/kernel/kernel.js";
import { errno, NIC, OTHER_NIC, ServedHardware } from "./served-hardware.js";

describe("simulated hardware", () => {
  let served: ServedHardware;
  let kernel: SimulatedKernel;
  let hardware: SimulatedHardware;
  let write: ServedHardware["write"];
  let read: ServedHardware["read"];

  beforeEach(async () => {
    served = await ServedHardware.start();
    ({ kernel, hardware, write, read } = served);
  });
  afterEach(() => served.stop());

  describe("and drivers", () => {
    const VF = parsePciAddress("0000:04:10.0");
    const bind = (driver: string | undefined, deadlineMs = 5000): Promise<void> =>
      kernel.bindDriver(VF, driver, { deadlineMs });
    const readVf = async (): Promise<VirtualFunction> => (await read()).virtualFunctions[0] ?? expect.fail("no VF");
    beforeEach(() => write(2));

    it("knows vfio-pci only while it is loaded", async () => {
      await hardware.setDriverLoaded("vfio-pci", false);
      expect(await errno(bind("vfio-pci"))).to.equal("ENODEV");
      await hardware.setDriverLoaded("vfio-pci", true);
      expect(await errno(bind("vfio-pci"))).to.equal("ok");
    });

    it("holds a hand to the same: ENODEV for a driver that is not loaded", async () => {
      expect(await errno(hardware.bindDriverByHand(VF, "uio_pci_generic"))).to.equal("ENODEV");
      expect((await readVf()).driver).to.equal("ixgbevf");
    });

    it("gives back what a hand has bound without a trace, if it is told from which driver", async () => {
      await hardware.bindDriverByHand(VF, "vfio-pci");
      await bind(undefined);
      expect((await readVf()).driver).to.equal("vfio-pci");
      await kernel.bindDriver(parsePciAddress(VF), undefined, { deadlineMs: 5000, takeFrom: "vfio-pci" });
      expect((await readVf()).driver).to.equal("ixgbevf");
    });

    it("does not get back a VF that a guest has", async () => {
      await bind("vfio-pci");
      await hardware.setInUse(VF, true);
      expect(await errno(bind(undefined, 20))).to.equal("ETIMEDOUT");
      expect((await readVf()).driver).to.equal("vfio-pci");
    });

    it("gets it back once the guest lets go, also after the deadline", async () => {
      await bind("vfio-pci");
      await hardware.setInUse(VF, true);
      await errno(bind(undefined, 20));
      await hardware.setInUse(VF, false);
      expect((await readVf()).driver).to.equal("ixgbevf");
    });

    it("answers ENOENT for a VF that goes while a guest has it", async () => {
      await bind("vfio-pci");
      await hardware.setInUse(VF, true);
      await hardware.setInUsePolicy("allow");
      const outcome = errno(bind(undefined));
      await write(0);
      expect(await outcome).to.equal("ENOENT");
    });

    it("names the interface of a VF that is given back as udev does", async () => {
      await bind("vfio-pci");
      await bind(undefined);
      expect((await readVf()).interfaces[0]?.name).to.equal("eno49v0");
    });

    it("names it late when told to", async () => {
      await bind("vfio-pci");
      await hardware.setDelays({ name: 60_000 });
      await bind(undefined);
      expect((await readVf()).interfaces[0]?.name).to.match(/^eth\d+$/);
    });

    it("binds late only what nobody has bound meanwhile", async () => {
      await write(0);
      await hardware.setDelays({ driver: 5 });
      await write(2);
      await bind("vfio-pci");
      while ((await read()).virtualFunctions[1]?.driver === undefined) await setImmediate();
      expect((await readVf()).driver).to.equal("vfio-pci");
    });

    it("offers VFs at their creation again after a reboot", async () => {
      await kernel.setDriversAutoprobe(NIC, false, { deadlineMs: 5000 });
      await hardware.reboot();
      expect((await read()).driversAutoprobe).to.equal(true);
    });
  });

  describe("and the node's network", () => {
    const VF = "0000:04:10.0";
    const vfInterface = async () => (await read()).virtualFunctions[0]?.interfaces[0];

    it("shows an interface's addresses, and the node's", async () => {
      await hardware.setAddresses({ eno49: ["10.0.0.1"], "mgmt-br": ["10.0.0.2"] });
      const { physicalFunctions, interfaceAddresses } = await kernel.scan();
      expect(physicalFunctions[0]?.interfaces[0]?.addresses).to.deep.equal(["10.0.0.1"]);
      expect(interfaceAddresses).to.deep.equal({ eno49: ["10.0.0.1"], "mgmt-br": ["10.0.0.2"] });
    });

    it("keeps what stands on an interface, and its addresses, under a new name", async () => {
      await hardware.setUppers("eno49", ["bond0"]);
      await hardware.setAddresses({ eno49: ["10.0.0.1"] });
      await hardware.rename(NIC, "lan0");
      expect((await read()).interfaces[0]).to.deep.include({
        name: "lan0",
        uppers: ["bond0"],
        addresses: ["10.0.0.1"],
      });
    });

    it("keeps a PF's bridge and addresses over a reboot", async () => {
      await hardware.setUppers("eno49", ["mgmt-br"]);
      await hardware.setAddresses({ eno49: ["10.0.0.1"] });
      await hardware.reboot();
      expect((await read()).interfaces[0]).to.deep.include({ uppers: ["mgmt-br"], addresses: ["10.0.0.1"] });
    });

    it("forgets what stood on a VF that is made anew", async () => {
      await write(1);
      await hardware.setUppers("eno49v0", ["br0"]);
      await hardware.setAddresses({ eno49v0: ["10.0.0.1"] });
      await write(0);
      await write(1);
      expect(await vfInterface()).to.deep.include({ name: "eno49v0", uppers: [], addresses: [] });
      expect((await kernel.scan()).interfaceAddresses).to.deep.equal({});
    });

    it("hides an interface that is elsewhere", async () => {
      await write(1);
      await hardware.setInterfaceElsewhere(VF, true);
      const [vf] = (await read()).virtualFunctions;
      expect([vf?.interfaceElsewhere, vf?.interfaces]).to.deep.equal([true, []]);
    });

    it("shows it again when it is back, down and without addresses", async () => {
      await write(1);
      await hardware.setAddresses({ eno49v0: ["10.0.0.1"] });
      await kernel.setInterfaceUp(parsePciAddress(VF), "eno49v0", { deadlineMs: 5000 });
      await hardware.setInterfaceElsewhere(VF, true);
      await hardware.setInterfaceElsewhere(VF, false);
      expect(await vfInterface()).to.deep.include({ name: "eno49v0", up: false, addresses: [] });
    });

    it("does not set up what is elsewhere", async () => {
      await write(1);
      await hardware.setInterfaceElsewhere(VF, true);
      const attempt = kernel.setInterfaceUp(parsePciAddress(VF), "eno49v0", { deadlineMs: 5000 });
      expect(await errno(attempt)).to.equal("ENOENT");
    });

    it("moves no interface of a VF that has none", async () => {
      await write(1);
      await hardware.bindDriverByHand(VF, "vfio-pci");
      const message = await hardware.setInterfaceElsewhere(VF, true).catch(String);
      expect(message).to.equal(`Error: ${VF} has no interface that could be elsewhere`);
    });

    it("has the interface here again when the VF gets a driver anew", async () => {
      await write(1);
      await hardware.setInterfaceElsewhere(VF, true);
      await hardware.unbindDriver(VF);
      await kernel.bindDriver(parsePciAddress(VF), undefined, { deadlineMs: 5000 });
      expect((await read()).virtualFunctions[0]?.interfaceElsewhere).to.equal(false);
    });
  });

  it("leaves a NIC that it can't read out of the list of all functions", async () => {
    await hardware.setUnreadable(NIC, "EIO");
    expect((await kernel.pciFunctions()).map((found) => found.address)).to.deep.equal([OTHER_NIC]);
  });

  it("names the NICs there are when told of one that is not", async () => {
    const message = await hardware.hang("0000:09:00.0", true).catch((error: unknown) => String(error));
    expect(message).to.equal("Error: no NIC at 0000:09:00.0; there are: 0000:04:00.0, 0000:04:00.1");
  });
});
