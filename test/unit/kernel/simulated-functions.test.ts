import { expect } from "chai";
import type { FunctionSpec, HardwareSpec, NicSpec } from "../../../lab/nodes/simulated/hardware.js";
import { SimulatedNode } from "../../../lab/nodes/simulated/node.js";
import { parsePciAddress, type PciFunctionDetail } from "../../../reconciler/kernel/kernel.js";
import { errno } from "./served-hardware.js";

const NIC: NicSpec = { address: "0000:04:00.0", interfaces: [{ name: "eno49" }], totalVfs: 7 };
const DISK: FunctionSpec = {
  address: "0000:00:17.0",
  classId: "010601",
  driver: "ahci",
  numaNode: 0,
  mounts: ["sda2 at /"],
};
/** As a VF looks in the machine that it was given to. */
const GIVEN: FunctionSpec = {
  address: "0000:06:00.0",
  classId: "020000",
  deviceId: "10ed",
  driver: "ixgbevf",
  interfaces: [{ name: "enp6s0" }],
  iommu: false,
};
const VF = parsePciAddress("0000:04:10.0");
const GUEST_VF = parsePciAddress(GIVEN.address);
const deadline = { deadlineMs: 5000 };

describe("a simulated node with other functions than NICs", () => {
  const nodeWith = (spec: Partial<HardwareSpec> = {}): SimulatedNode =>
    new SimulatedNode({ nics: [NIC], functions: [DISK, GIVEN], ...spec });
  const read = (node: SimulatedNode, address: string): PciFunctionDetail =>
    node.pciFunction(parsePciAddress(address)) ?? expect.fail(`${address} is gone`);

  it("tells of one in full", () => {
    expect(read(nodeWith(), DISK.address)).to.deep.equal({
      address: DISK.address,
      vendorId: "8086",
      deviceId: "1d10",
      classId: "010601",
      driver: "ahci",
      iommuGroup: "2",
      numaNode: 0,
      interfaces: [],
      numVfs: 0,
      interfaceElsewhere: false,
      groupMembers: [],
      mounts: ["sda2 at /"],
    });
  });

  it("lists them among all functions, in order of their addresses", () => {
    const addresses = nodeWith()
      .pciFunctions()
      .map(({ address }) => address);
    expect(addresses).to.deep.equal([DISK.address, NIC.address, GIVEN.address]);
  });

  it("takes a VF without PF for a NIC that can have no VFs", () => {
    const { physicalFunctions, incapable } = nodeWith().scan();
    expect(physicalFunctions.map(({ address }) => address)).to.deep.equal([NIC.address]);
    expect(incapable).to.deep.equal([{ address: GIVEN.address, interfaceName: "enp6s0" }]);
  });

  it("is a bridge where nothing else is said", () => {
    const node = nodeWith({ functions: [{ address: "0000:00:1c.0" }] });
    expect(read(node, "0000:00:1c.0").classId).to.equal("060400");
    expect(read(node, "0000:00:1c.0")).not.to.have.property("driver");
  });

  it("has no two devices at one address", () => {
    expect(() => nodeWith({ functions: [{ address: NIC.address }] })).to.throw(/there is a function at 0000:04:00\.0/);
  });

  it("binds one to vfio-pci and gives it back, with its interface", async () => {
    const node = nodeWith({ functions: [{ ...GIVEN, iommu: true }] });
    await node.bindDriver(GUEST_VF, "vfio-pci", deadline);
    expect(read(node, GIVEN.address)).to.deep.include({ driver: "vfio-pci", interfaces: [] });
    await node.bindDriver(GUEST_VF, undefined, deadline);
    expect(read(node, GIVEN.address).driver).to.equal("ixgbevf");
    expect(read(node, GIVEN.address).interfaces.map(({ name }) => name)).to.deep.equal(["enp6s0"]);
  });

  it("leaves one without driver that has no IOMMU group and is to be vfio-pci's", async () => {
    const node = nodeWith();
    expect(await errno(Promise.resolve(node.bindDriver(GUEST_VF, "vfio-pci", deadline)))).to.equal("ENODEV");
    expect(read(node, GIVEN.address).driver).to.equal("ixgbevf");
  });

  it("tells of interfaces in a pod's namespace that they are elsewhere", () => {
    const node = nodeWith();
    node.setInterfaceElsewhere(GIVEN.address, true);
    expect(read(node, GIVEN.address)).to.deep.include({ interfaces: [], interfaceElsewhere: true });
  });

  it("has mounts come and go", () => {
    const node = nodeWith();
    node.setMounts(DISK.address, []);
    expect(read(node, DISK.address).mounts).to.deep.equal([]);
  });

  it("fails to read one that was made unreadable, and lists the others", () => {
    const node = nodeWith();
    node.setUnreadable(DISK.address, "EIO");
    expect(() => read(node, DISK.address)).to.throw(/\(EIO\)/);
    expect(node.pciFunctions().map(({ address }) => address)).to.deep.equal([NIC.address, GIVEN.address]);
  });

  it("has one plugged and unplugged while it runs", () => {
    const node = nodeWith({ functions: [] });
    node.plugFunction(GIVEN);
    expect(read(node, GIVEN.address).driver).to.equal("ixgbevf");
    node.unplug(GIVEN.address);
    expect(node.pciFunction(GUEST_VF)).to.equal(undefined);
  });

  it("is after a reboot as it was at power-on, with what is mounted", async () => {
    const node = nodeWith();
    node.setMounts(DISK.address, ["sda1 as swap"]);
    await node.bindDriver(parsePciAddress(DISK.address), "vfio-pci", deadline);
    node.reboot();
    expect(read(node, DISK.address)).to.deep.include({ driver: "ahci", mounts: ["sda1 as swap"] });
  });

  describe("and IOMMU groups", () => {
    const groupsOf = async (iommuGroup: "own" | "shared" | "with-pf"): Promise<[string[], string | undefined]> => {
      const node = nodeWith({ nics: [{ ...NIC, iommuGroup }] });
      await node.setNumVfs(parsePciAddress(NIC.address), 3);
      const [pf] = node.scan().physicalFunctions;
      return [pf?.virtualFunctions.map((vf) => vf.iommuGroup ?? "") ?? [], pf?.iommuGroup];
    };

    it("of its own for each VF", async () => {
      const [vfs] = await groupsOf("own");
      expect(new Set(vfs).size).to.equal(3);
    });

    it("that all VFs share, without their PF", async () => {
      const [vfs, pf] = await groupsOf("shared");
      expect(new Set(vfs).size).to.equal(1);
      expect(vfs[0]).not.to.equal(pf);
    });

    it("that all VFs share with their PF", async () => {
      const [vfs, pf] = await groupsOf("with-pf");
      expect(new Set(vfs)).to.deep.equal(new Set([pf]));
    });

    it("that a function is in with a NIC: each names the other", () => {
      const node = nodeWith({ functions: [{ ...DISK, groupWith: NIC.address }] });
      expect(read(node, NIC.address).groupMembers.map(({ address }) => address)).to.deep.equal([DISK.address]);
      expect(read(node, DISK.address).groupMembers).to.deep.equal([
        {
          address: NIC.address,
          vendorId: "8086",
          deviceId: "10fb",
          classId: "020000",
          driver: "ixgbe",
          iommuGroup: "1",
        },
      ]);
    });

    it("that are none, and then nobody is a member of that", () => {
      const node = nodeWith({ nics: [{ ...NIC, iommu: false }] });
      expect(read(node, NIC.address)).not.to.have.property("iommuGroup");
      expect(read(node, NIC.address).groupMembers).to.deep.equal([]);
    });
  });

  describe("and a PF with another driver", () => {
    it("has no VFs any more, and makes none", async () => {
      const node = nodeWith();
      const nic = parsePciAddress(NIC.address);
      await node.setNumVfs(nic, 2);
      await node.bindDriver(nic, "vfio-pci", deadline);
      expect(node.pciFunction(VF)).to.equal(undefined);
      expect(await errno(node.setNumVfs(nic, 2))).to.equal("ENOENT");
    });
  });

  describe("and modules", () => {
    it("loads one that is there", async () => {
      const node = nodeWith({ drivers: [] });
      node.loadDriver("vfio-pci");
      await node.bindDriver(parsePciAddress(DISK.address), "vfio-pci", deadline);
      expect(read(node, DISK.address).driver).to.equal("vfio-pci");
    });

    it("has a group's device node while vfio-pci has what is in it", async () => {
      const node = nodeWith({});
      const disk = parsePciAddress(DISK.address);
      const { iommuGroup = "" } = read(node, DISK.address);
      expect(node.hasVfioGroup(iommuGroup)).to.equal(false);
      await node.bindDriver(disk, "vfio-pci", deadline);
      expect(node.hasVfioGroup(iommuGroup)).to.equal(true);
    });

    it("has one fail that is not there", () => {
      const node = nodeWith({ drivers: [], loadableDrivers: [] });
      expect(() => node.loadDriver("vfio-pci")).to.throw(/modprobe vfio-pci for .*\(ENOENT\); .* has no such module/);
    });

    it("gets and loses one while it runs", () => {
      const node = nodeWith({ drivers: [] });
      node.setDriverLoadable("vfio-pci", false);
      expect(() => node.loadDriver("vfio-pci")).to.throw(/ENOENT/);
      node.setDriverLoadable("vfio-pci", true);
      node.loadDriver("vfio-pci");
    });

    it("has after a reboot those of power-on alone", async () => {
      const node = nodeWith({ drivers: [] });
      node.loadDriver("vfio-pci");
      node.reboot();
      const binding = Promise.resolve(node.bindDriver(parsePciAddress(DISK.address), "vfio-pci", deadline));
      expect(await errno(binding)).to.equal("ENODEV");
    });
  });
});
