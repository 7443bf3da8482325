import { expect } from "chai";
import { SimulatedKernel } from "../../../lab/nodes/simulated/client.js";
import type { SimulatedHardware } from "../../../lab/nodes/simulated/hardware-client.js";
import { KernelError, parsePciAddress } from "../../../reconciler/kernel/kernel.js";
import { setImmediate } from "node:timers/promises";
import { SimulatedProcess } from "./simulated-process.js";
import { describeKernelContract } from "./kernel-contract.js";
import { errno, NIC, OTHER_NIC, ServedHardware } from "./served-hardware.js";

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
    const agent = new SimulatedKernel(served.socketPath);
    await agent.setNumVfs(NIC, 3, { deadlineMs: 5000 });
    agent.close();
    expect((await read()).numVfs).to.equal(3);
  });

  it("goes on with a write whose agent dies meanwhile", async () => {
    await hardware.hang(NIC, true);
    const agent = new SimulatedKernel(served.socketPath);
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
});
