import { expect } from "chai";
import { LinuxKernel } from "../../../reconciler/kernel/linux/linux-kernel.js";
import type { NodeSnapshot, PhysicalFunction } from "../../../reconciler/kernel/kernel.js";
import { SysfsTree } from "./sysfs-tree.js";

/** What Linux 6.12 showed of two Intel 82576. */
describe("LinuxKernel reads a real sysfs", () => {
  const trees: SysfsTree[] = [];
  after(() => trees.forEach((tree) => tree.remove()));

  const scan = async (state: string): Promise<NodeSnapshot> => {
    const tree = SysfsTree.captured(state);
    trees.push(tree);
    return new LinuxKernel(tree).scan();
  };
  const nics = async (state: string): Promise<[PhysicalFunction, PhysicalFunction]> => {
    const { physicalFunctions } = await scan(state);
    expect(physicalFunctions).to.have.length(2);
    return physicalFunctions as unknown as [PhysicalFunction, PhysicalFunction];
  };

  describe("after boot", () => {
    it("finds the two NICs that can have VFs, and not the management NIC or bridges", async () => {
      const { physicalFunctions } = await scan("boot");
      expect(physicalFunctions.map((pf) => pf.address)).to.deep.equal(["0000:01:00.0", "0000:02:00.0"]);
    });

    it("reads a PF in full", async () => {
      const [first] = await nics("boot");
      expect(first).to.deep.equal({
        address: "0000:01:00.0",
        vendorId: "8086",
        deviceId: "10c9",
        classId: "020000",
        driver: "igb",
        iommuGroup: "5",
        interfaces: [
          {
            name: "eth0",
            macAddress: "52:54:00:12:34:57",
            linkState: "down",
            port: 0,
            up: false,
            mtu: 1500,
            linkType: "eth",
            alternativeNames: [],
            uppers: [],
            addresses: [],
          },
        ],
        totalVfs: 7,
        numVfs: 0,
        virtualFunctions: [],
        driversAutoprobe: true,
      });
    });

    it("leaves no device unreadable", async () => {
      expect((await scan("boot")).unreadable).to.be.empty;
    });
  });

  describe("with four VFs on the first", () => {
    it("counts four, and none on the second", async () => {
      expect((await nics("four-vfs")).map((nic) => nic.numVfs)).to.deep.equal([4, 0]);
    });

    it("reads a VF in full", async () => {
      const [{ virtualFunctions }] = await nics("four-vfs");
      const { interfaces, ...vf } = virtualFunctions[0] ?? expect.fail("no VF");
      expect(vf).to.deep.equal({
        address: "0000:01:10.0",
        vendorId: "8086",
        deviceId: "10ca",
        classId: "020000",
        driver: "igbvf",
        iommuGroup: "7",
        index: 0,
        interfaceElsewhere: false,
      });
      expect(interfaces.map((it) => [it.name, it.port, it.uppers])).to.deep.equal([["eth3", 0, []]]);
      expect(interfaces[0]?.macAddress).to.match(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    });

    it("orders VFs by index, at offset 128 and stride 2", async () => {
      const [{ virtualFunctions }] = await nics("four-vfs");
      expect(virtualFunctions.map((vf) => [vf.index, vf.address])).to.deep.equal([
        [0, "0000:01:10.0"],
        [1, "0000:01:10.2"],
        [2, "0000:01:10.4"],
        [3, "0000:01:10.6"],
      ]);
    });
  });

  describe("with a VF given to vfio and seven VFs on the second", () => {
    it("tells vfio-pci from igbvf", async () => {
      const [{ virtualFunctions }] = await nics("vfio-and-seven");
      expect(virtualFunctions.map((vf) => vf.driver)).to.deep.equal(["vfio-pci", "igbvf", "igbvf", "igbvf"]);
    });

    it("finds no interface on the VF that vfio has", async () => {
      const [{ virtualFunctions }] = await nics("vfio-and-seven");
      expect(virtualFunctions.map((vf) => vf.interfaces.length)).to.deep.equal([0, 1, 1, 1]);
    });

    it("reads an IOMMU group of its own for each VF", async () => {
      const [, { virtualFunctions }] = await nics("vfio-and-seven");
      const groups = ["11", "12", "13", "14", "15", "16", "17"];
      expect(virtualFunctions.map((vf) => vf.iommuGroup)).to.deep.equal(groups);
    });

    it("follows VF addresses into the next device number", async () => {
      const [, { virtualFunctions }] = await nics("vfio-and-seven");
      const addresses = ["02:10.0", "02:10.2", "02:10.4", "02:10.6", "02:11.0", "02:11.2", "02:11.4"];
      expect(virtualFunctions.map((vf) => vf.address)).to.deep.equal(addresses.map((it) => `0000:${it}`));
    });
  });

  describe("with the first back at 0", () => {
    it("counts none on the first and seven on the second", async () => {
      expect((await nics("first-zero")).map((nic) => nic.numVfs)).to.deep.equal([0, 7]);
    });
  });

  for (const state of ["boot", "four-vfs", "vfio-and-seven", "first-zero"]) {
    it(`counts what sriov_numvfs says in state ${state}`, async () => {
      const tree = SysfsTree.captured(state);
      trees.push(tree);
      const { physicalFunctions } = await new LinuxKernel(tree).scan();
      const said = physicalFunctions.map(({ address }) => tree.read(`/sys/bus/pci/devices/${address}/sriov_numvfs`));
      expect(physicalFunctions.map((nic) => String(nic.numVfs))).to.deep.equal(said);
    });
  }

  it("sees the bridge that the management NIC is in, were it one that can have VFs", async () => {
    const tree = SysfsTree.captured("boot");
    trees.push(tree);
    tree.file("/sys/bus/pci/devices/0000:00:03.0/sriov_totalvfs", "7");
    const [management] = (await new LinuxKernel(tree).scan()).physicalFunctions;
    expect(management?.interfaces.map((it) => [it.name, it.uppers])).to.deep.equal([["eth2", ["mgmt-br"]]]);
  });
});
