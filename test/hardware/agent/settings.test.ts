import { expect } from "chai";
import { readyCondition, type VfGroup } from "../../../api/sriov-network-device.js";
import { vfGroup } from "../../unit/agent/nic.js";
import { AgentOnGuest } from "./agent-on-guest.js";
import { first, second } from "./guest.js";

const vfio = (range: string): VfGroup => vfGroup(range, { deviceType: "vfio-pci", policyName: "machines" });
const netdevice = (range: string): VfGroup => vfGroup(range, { mtu: 2000, policyName: "pods" });
const VFS = ["0000:01:10.0", "0000:01:10.2", "0000:01:10.4", "0000:01:10.6"] as const;

describe("the agent on a real kernel: MTU and drivers of VF groups", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
  });
  after(async () => {
    for (const nic of [first, second]) await hw.configure(nic, 0);
    await hw.guest.restoreInterfaces();
  });

  const drivers = async () => (await hw.guest.virtualFunctions(first)).map(({ driver }) => driver);
  const mtus = () => Promise.all([first.address, ...VFS].map((address) => hw.guest.mtuOf(address)));

  it("makes the VFs of a vfio-pci group with that driver, and the others with theirs and the MTU of their group", async () => {
    await hw.ask(first, { numVFS: 4, mtu: 2000, vfGroups: [vfio("0-1"), netdevice("2-3")] });
    const { status } = await hw.configured(first, 4);
    expect(await drivers()).to.deep.equal(["vfio-pci", "vfio-pci", "igbvf", "igbvf"]);
    expect(await mtus()).to.deep.equal([2000, undefined, undefined, 2000, 2000]);
    expect([status?.mtu, ...(status?.virtualFunctions ?? []).map(({ mtu }) => mtu)]).to.deep.equal(await mtus());
  });

  it("leaves the NIC's own setting, that new VFs are offered to drivers, as it was", async () => {
    expect(await hw.guest.run(`cat ${first.path}/sriov_drivers_autoprobe`)).to.equal("1");
  });

  it("rebinds them when the groups are edited, and makes none anew", async () => {
    const macOf = async () => (await hw.guest.virtualFunctions(first))[3]?.macAddress;
    const before = await macOf();
    await hw.ask(first, { numVFS: 4, mtu: 2000, vfGroups: [netdevice("0-0"), vfio("1-2"), netdevice("3-3")] });
    await hw.configured(first, 4);
    expect(await drivers()).to.deep.equal(["igbvf", "vfio-pci", "vfio-pci", "igbvf"]);
    expect(await mtus()).to.deep.equal([2000, 2000, undefined, undefined, 2000]);
    expect(await macOf()).to.equal(before);
  });

  it("puts back drivers and MTUs that somebody changed by hand", async () => {
    await hw.guest.rebind(VFS[0], "vfio-pci");
    await hw.guest.rebind(VFS[1], "igbvf");
    await hw.guest.setMtuByHand(VFS[3], 1500);
    await hw.guest.setMtuByHand(first.address, 1500);
    await hw.lookAt(first);
    await hw.configured(first, 4);
    expect(await drivers()).to.deep.equal(["igbvf", "vfio-pci", "vfio-pci", "igbvf"]);
    expect(await mtus()).to.deep.equal([2000, 2000, undefined, undefined, 2000]);
  });

  it("leaves a VF that is in use, and says whose it is", async () => {
    const name = (await hw.guest.virtualFunctions(first))[3]?.interfaceName ?? "";
    await hw.guest.run(`ip link add br0 type bridge && ip link set ${name} master br0`);
    await hw.ask(first, { numVFS: 4, mtu: 2000, vfGroups: [vfio("0-3")] });
    const device = await hw.observer.ready(hw.nameOf(first), "GroupsInUse");
    expect(readyCondition(device)?.message).to.include(
      `${VFS[3]} (${name}) by interface ${name} in br0. They get it once`,
    );
    expect(await drivers()).to.deep.equal(["vfio-pci", "vfio-pci", "vfio-pci", "igbvf"]);
  });

  it("rebinds it once it is free", async () => {
    await hw.guest.run("ip link del br0");
    await hw.guest.rescan();
    await hw.configured(first, 4);
    expect(await drivers()).to.deep.equal(["vfio-pci", "vfio-pci", "vfio-pci", "vfio-pci"]);
  });

  it("makes VFs although the driver refuses the MTU, and says what the kernel answered", async () => {
    await hw.ask(second, { numVFS: 1, mtu: 100_000 });
    const device = await hw.observer.ready(hw.nameOf(second), "KernelRefused");
    expect(device.status?.vfAddresses).to.have.length(1);
    expect(readyCondition(device)?.message).to.match(
      /^enp2s0 \(0000:02:00\.0\) keeps the MTU 1500, not 100000: write 100000 \S+\/mtu: invalid argument \(EINVAL\)\. .*"ip -d link show enp2s0"/,
    );
    expect(await hw.guest.mtuOf(second.address)).to.equal(1500);
    await hw.ask(second, { numVFS: 1, mtu: 2000 });
    await hw.configured(second, 1);
    expect(await hw.guest.mtuOf(second.address)).to.equal(2000);
  });

  it("tells other names of a NIC's interface as udev's record of it has them", async () => {
    await hw.guest.writeUdevRecord(second, "E:ID_NET_NAME_PATH=enp2s0f0", "E:ID_NET_NAME_SLOT=ens2", "E:ID_BUS=pci");
    await hw.guest.rescan();
    const { status } = await hw.observer.device(hw.nameOf(second), (it) => it.status?.alternativeNames?.length === 2);
    expect(status).to.deep.include({ alternativeNames: ["enp2s0f0", "ens2"], linkType: "eth" });
  });
});
