import { expect } from "chai";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { SimulatedKernel } from "../../../lab/nodes/simulated/client.js";
import { defaultHardware } from "../../../lab/nodes/simulated/hardware.js";
import { SimulatedHardware } from "../../../lab/nodes/simulated/hardware-client.js";
import { SimulatedNode } from "../../../lab/nodes/simulated/node.js";
import { serve } from "../../../lab/nodes/simulated/server.js";
import {
  KernelError,
  parsePciAddress,
  type PhysicalFunction,
  type VirtualFunction,
} from "../../../reconciler/kernel/kernel.js";
import { describeKernelContract } from "./kernel-contract.js";
import { SimulatedProcess, spawnSimulatedNode } from "./simulated-process.js";

const NIC = parsePciAddress("0000:04:00.0");
const OTHER_NIC = parsePciAddress("0000:04:00.1");

describe("SimulatedKernel", () => {
  let node: SimulatedProcess;
  let kernel: SimulatedKernel;

  before(async () => {
    node = await SimulatedProcess.start();
    kernel = new SimulatedKernel(node.socketPath);
  });
  after(() => node.remove());

  describeKernelContract("SimulatedKernel", { kernel: () => kernel });
});

describe("simulated hardware", () => {
  let directory: string;
  let socketPath: string;
  let server: Server;
  let kernel: SimulatedKernel;
  let hardware: SimulatedHardware;

  before(async () => (directory = await mkdtemp(join(tmpdir(), "simulated-node-"))));
  after(() => rm(directory, { recursive: true }));

  beforeEach(async () => {
    socketPath = join(directory, "kernel.sock");
    server = await serve(new SimulatedNode(defaultHardware()), socketPath);
    kernel = new SimulatedKernel(socketPath);
    hardware = new SimulatedHardware(socketPath);
  });
  afterEach(async () => {
    const closed = once(server, "close");
    server.close();
    kernel.close();
    hardware.close();
    await closed;
  });

  const write = (count: number, deadlineMs = 5000): Promise<void> => kernel.setNumVfs(NIC, count, { deadlineMs });
  const errno = (attempt: Promise<void>): Promise<string> =>
    attempt.then(
      () => "ok",
      (error: unknown) => (error instanceof KernelError ? error.code : String(error)),
    );
  const read = async (address = NIC): Promise<PhysicalFunction> =>
    (await kernel.physicalFunction(address)) ?? expect.fail(`${address} is gone`);

  it("places VFs of both ports as an 82599 does", async () => {
    await write(3);
    await kernel.setNumVfs(OTHER_NIC, 2, { deadlineMs: 5000 });
    const { physicalFunctions } = await kernel.scan();
    expect(physicalFunctions.map((pf) => pf.virtualFunctions.map((vf) => vf.address))).to.deep.equal([
      ["0000:04:10.0", "0000:04:10.2", "0000:04:10.4"],
      ["0000:04:10.1", "0000:04:10.3"],
    ]);
  });

  it("gives each VF an IOMMU group that no other function has", async () => {
    await write(3);
    const { iommuGroup, virtualFunctions } = await read();
    const groups = [iommuGroup, (await read(OTHER_NIC)).iommuGroup, ...virtualFunctions.map((vf) => vf.iommuGroup)];
    expect(new Set(groups).size).to.equal(5);
    expect(groups).not.to.include(undefined);
  });

  it("keeps what an agent wrote when the agent is gone", async () => {
    const agent = new SimulatedKernel(socketPath);
    await agent.setNumVfs(NIC, 3, { deadlineMs: 5000 });
    agent.close();
    expect((await read()).numVfs).to.equal(3);
  });

  it("goes on with a write whose agent dies meanwhile", async () => {
    await hardware.hang(NIC, true);
    const agent = new SimulatedKernel(socketPath);
    const outcome = errno(agent.setNumVfs(NIC, 3, { deadlineMs: 5000 }));
    await hardware.waitForWrites(1);
    agent.close();
    expect(await outcome).to.match(/does not answer/);
    await hardware.hang(NIC, false);
    await write(3);
    expect((await hardware.writes()).map(({ result }) => result)).to.deep.equal(["ok", "ok"]);
  });

  it("records every write, those by hand marked so", async () => {
    await write(4);
    await errno(write(6));
    await hardware.setNumVfsByHand(NIC, 0);
    expect(await hardware.writes()).to.deep.equal([
      { address: NIC, count: 4, by: "agent", result: "ok" },
      { address: NIC, count: 6, by: "agent", result: "EBUSY" },
      { address: NIC, count: 0, by: "hand", result: "ok" },
    ]);
  });

  it("holds a write by hand to the same rules", async () => {
    await hardware.setNumVfsByHand(NIC, 2);
    expect(await errno(hardware.setNumVfsByHand(NIC, 3))).to.equal("EBUSY");
  });

  it("refuses to remove VFs that are in use with EBUSY", async () => {
    await write(2);
    await hardware.setInUse("0000:04:10.2", true);
    expect(await errno(write(0))).to.equal("EBUSY");
    expect((await read()).numVfs).to.equal(2);
  });

  it("removes VFs that are in use where the driver lets it happen", async () => {
    await write(2);
    await hardware.setInUse("0000:04:10.2", true);
    await hardware.setInUsePolicy("allow");
    await write(0);
    expect((await hardware.hardwareState()).inUse).to.be.empty;
  });

  it("removes VFs again once nobody uses them", async () => {
    await write(2);
    await hardware.setInUse("0000:04:10.2", true);
    await hardware.setInUse("0000:04:10.2", false);
    await write(0);
    expect((await read()).numVfs).to.equal(0);
  });

  it("fails the next write as told, and only that", async () => {
    await hardware.failNext(NIC, "EIO");
    expect([await errno(write(2)), await errno(write(2))]).to.deep.equal(["EIO", "ok"]);
  });

  it("answers ETIMEDOUT when a write hangs past its deadline", async () => {
    await hardware.hang(NIC, true);
    expect(await errno(write(2, 20))).to.equal("ETIMEDOUT");
  });

  it("serves the other NIC while one hangs", async () => {
    await hardware.hang(NIC, true);
    const hanging = write(2);
    await kernel.setNumVfs(OTHER_NIC, 2, { deadlineMs: 5000 });
    expect((await read(OTHER_NIC)).numVfs).to.equal(2);
    await hardware.hang(NIC, false);
    await hanging;
  });

  it("carries out a write that hung once it is released", async () => {
    await hardware.hang(NIC, true);
    const hanging = write(2);
    await hardware.waitForWrites(1);
    await hardware.hang(NIC, false);
    await hanging;
    expect((await read()).numVfs).to.equal(2);
  });

  it("shows no VF before a slow write has returned", async () => {
    await hardware.setDelays({ create: 50 });
    const slow = write(2);
    await hardware.waitForWrites(1);
    expect((await read()).numVfs).to.equal(0);
    await slow;
    expect((await read()).numVfs).to.equal(2);
  });

  it("binds drivers late when told to", async () => {
    await hardware.setDelays({ driver: 60_000 });
    await write(1);
    const [vf] = (await read()).virtualFunctions;
    expect(vf).not.to.have.property("driver");
    expect(vf?.interfaces).to.be.empty;
  });

  it("gives late drivers and names in the end", async () => {
    await hardware.setDelays({ driver: 5, name: 5 });
    await write(1);
    while ((await read()).virtualFunctions[0]?.interfaces[0]?.name !== "eno49v0") await setImmediate();
    expect((await read()).virtualFunctions[0]?.driver).to.equal("ixgbevf");
  });

  it("has the kernel's own names for interfaces until the late name comes", async () => {
    await hardware.setDelays({ name: 60_000 });
    await write(1);
    expect((await read()).virtualFunctions[0]?.interfaces[0]?.name).to.match(/^eth\d+$/);
  });

  it("names VF interfaces after their PF", async () => {
    await write(2);
    const names = (await read()).virtualFunctions.map((vf) => vf.interfaces[0]?.name);
    expect(names).to.deep.equal(["eno49v0", "eno49v1"]);
  });

  it("has no VFs after a reboot", async () => {
    await write(4);
    await hardware.reboot();
    expect((await kernel.scan()).physicalFunctions.map((pf) => pf.numVfs)).to.deep.equal([0, 0]);
  });

  it("drops a hung write at reboot", async () => {
    await hardware.hang(NIC, true);
    const hung = errno(write(2));
    await hardware.waitForWrites(1);
    await hardware.reboot();
    expect(await hung).to.equal("ENODEV");
    expect((await read()).numVfs).to.equal(0);
  });

  it("names PFs late after a reboot when told to", async () => {
    await hardware.setDelays({ name: 60_000 });
    await hardware.reboot();
    expect((await read()).interfaces[0]?.name).to.match(/^eth\d+$/);
  });

  it("loses an unplugged NIC and its VFs, and keeps the other", async () => {
    await write(2);
    await hardware.unplug(NIC);
    expect((await kernel.scan()).physicalFunctions.map((pf) => pf.address)).to.deep.equal([OTHER_NIC]);
  });

  it("answers ENODEV to a write whose device goes meanwhile", async () => {
    await hardware.hang(NIC, true);
    const hung = errno(write(2));
    await hardware.waitForWrites(1);
    await hardware.unplug(NIC);
    expect(await hung).to.equal("ENODEV");
  });

  it("takes a NIC with a name and limit of its own", async () => {
    await hardware.plug({ address: "0000:05:00.0", interfaces: [{ name: "ens2" }], totalVfs: 7 });
    const plugged = await read(parsePciAddress("0000:05:00.0"));
    expect([plugged.totalVfs, plugged.interfaces[0]?.name]).to.deep.equal([7, "ens2"]);
  });

  it("renames an interface and nothing else", async () => {
    const before = await read();
    await hardware.rename(NIC, "lan0");
    const after = await read();
    expect(after.interfaces[0]).to.deep.equal({ ...before.interfaces[0], name: "lan0" });
  });

  it("gives a VF to vfio-pci, which takes its interface away", async () => {
    await write(2);
    await hardware.bindDriverByHand("0000:04:10.2", "vfio-pci");
    const [, vf] = (await read()).virtualFunctions;
    expect([vf?.driver, vf?.interfaces]).to.deep.equal(["vfio-pci", []]);
  });

  it("unbinds a VF's driver", async () => {
    await write(1);
    await hardware.unbindDriver("0000:04:10.0");
    expect((await read()).virtualFunctions[0]).not.to.have.property("driver");
  });

  it("answers ENOENT to writes while the PF has no driver", async () => {
    await hardware.unbindDriver(NIC);
    expect(await errno(write(1))).to.equal("ENOENT");
  });

  it("reports a NIC that it can't read beside the other", async () => {
    await hardware.setUnreadable(NIC, "EIO");
    const { physicalFunctions, unreadable } = await kernel.scan();
    expect(physicalFunctions.map((pf) => pf.address)).to.deep.equal([OTHER_NIC]);
    expect(unreadable[0]?.address).to.equal(NIC);
    expect(unreadable[0]?.error).to.be.instanceOf(KernelError).with.property("code", "EIO");
  });

  it("enables fewer VFs than asked where the driver has a limit", async () => {
    await hardware.setEnableLimit(NIC, 3);
    await write(5);
    expect((await read()).numVfs).to.equal(3);
  });

  it("shows default routes and masters as told", async () => {
    await hardware.setDefaultRoute(["mgmt-br"]);
    await hardware.setUppers("eno49", ["bond0", "mgmt-br"]);
    const { defaultRouteInterfaces, physicalFunctions } = await kernel.scan();
    expect(defaultRouteInterfaces).to.deep.equal(["mgmt-br"]);
    expect(physicalFunctions[0]?.interfaces[0]?.uppers).to.deep.equal(["bond0", "mgmt-br"]);
  });

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

    it("gives back what a hand has bound", async () => {
      await hardware.bindDriverByHand(VF, "vfio-pci");
      await bind(undefined);
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

describe("the simulated node's process", () => {
  let node: SimulatedProcess;
  beforeEach(async () => (node = await SimulatedProcess.start()));
  afterEach(() => node.remove());

  it("ends at SIGTERM with exit code 0 and without its socket", async () => {
    expect(await node.end("SIGTERM")).to.equal(0);
    expect(existsSync(node.socketPath)).to.equal(false);
  });

  it("takes over the socket of one that was killed", async () => {
    await node.end("SIGKILL");
    const successor = spawnSimulatedNode(["--socket", node.socketPath]);
    await once(successor.stdout ?? successor, "data");
    expect((await new SimulatedKernel(node.socketPath).scan()).physicalFunctions).to.have.length(2);
    const exited = once(successor, "exit");
    successor.kill();
    await exited;
  });

  it("leaves the socket to one that answers there", async () => {
    const second = spawnSimulatedNode(["--socket", node.socketPath]);
    const said = once(second.stderr ?? second, "data");
    expect(await once(second, "exit")).to.deep.equal([1, null]);
    expect(String(await said)).to.match(/another simulated node is served at/);
  });

  it("is missed by its client with an error that says where it was looked for", async () => {
    const kernel = new SimulatedKernel(node.socketPath);
    await node.end();
    const message = await kernel.scan().catch((error: unknown) => String(error));
    expect(message).to.include(`The simulated node at ${node.socketPath} does not answer`);
  });

  it("is found again by the same client when it was started anew", async () => {
    const kernel = new SimulatedKernel(node.socketPath);
    await kernel.scan();
    await node.end("SIGKILL");
    const successor = spawnSimulatedNode(["--socket", node.socketPath]);
    await once(successor.stdout ?? successor, "data");
    expect((await kernel.scan()).physicalFunctions).to.have.length(2);
    const exited = once(successor, "exit");
    successor.kill();
    await exited;
  });
});
