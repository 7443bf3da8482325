import { expect } from "chai";
import { parsePciAddress, type PciFunctionDetail } from "../../../reconciler/kernel/kernel.js";
import { LinuxKernel } from "../../../reconciler/kernel/linux/linux-kernel.js";
import { device, SysfsTree } from "./sysfs-tree.js";

const NIC = parsePciAddress("0000:04:00.0");
const OTHER = parsePciAddress("0000:04:00.1");

describe("LinuxKernel reads one function", () => {
  let tree: SysfsTree;
  let kernel: LinuxKernel;

  beforeEach(() => {
    tree = new SysfsTree();
    kernel = new LinuxKernel(tree);
  });
  afterEach(() => tree.remove());

  const read = async (address = NIC): Promise<PciFunctionDetail> =>
    (await kernel.pciFunction(address)) ?? expect.fail(`${address} is gone`);

  it("of any kind in full", async () => {
    tree.function(NIC, "0x030200");
    tree.file(`${device(NIC)}/numa_node`, "1");
    tree.link(`${device(NIC)}/driver`, "../../drivers/nvidia");
    expect(await read()).to.deep.equal({
      address: NIC,
      vendorId: "8086",
      deviceId: "a282",
      classId: "030200",
      driver: "nvidia",
      numaNode: 1,
      interfaces: [],
      numVfs: 0,
      interfaceElsewhere: false,
      groupMembers: [],
      mounts: [],
    });
  });

  it("and whether its group has a device node", async () => {
    tree.file("/dev/vfio/12", "");
    const there = new LinuxKernel({ sysRoot: tree.sysRoot, devRoot: `${tree.root}/dev` });
    expect([await there.hasVfioGroup("12"), await there.hasVfioGroup("1")]).to.deep.equal([true, false]);
  });

  it("without a NUMA node where the machine says -1", async () => {
    tree.nic(NIC, { numa_node: "-1" });
    expect(await read()).not.to.have.property("numaNode");
  });

  it("on NUMA node 0", async () => {
    tree.nic(NIC, { numa_node: "0" });
    expect((await read()).numaNode).to.equal(0);
  });

  it("with the NUMA node in the list, too", async () => {
    tree.nic(NIC, { numa_node: "1" });
    expect((await kernel.pciFunctions()).map(({ numaNode }) => numaNode)).to.deep.equal([1]);
  });

  it("with the index that its PF has for it, however many there are", async () => {
    tree.nic(NIC);
    for (let index = 0; index < 11; index++) {
      tree.virtualFunction(NIC, index, `0000:04:10.${index % 8}`.replace("10", index < 8 ? "10" : "11"));
    }
    const { virtualFunctionIndex, physicalFunction } = await read(parsePciAddress("0000:04:11.2"));
    expect([virtualFunctionIndex, physicalFunction]).to.deep.equal([10, NIC]);
  });

  it("that is a VF in a guest: without PF and index", async () => {
    tree.function(NIC, "0x020000");
    tree.interface(NIC, "ens5");
    const vf = await read();
    expect(vf).not.to.have.any.keys("physicalFunction", "virtualFunctionIndex");
    expect(vf.interfaces.map(({ name }) => name)).to.deep.equal(["ens5"]);
  });

  it("says that it is unreadable, and what", async () => {
    tree.function(NIC, "0x020000");
    tree.directory(`${device(OTHER)}/vendor`);
    expect(await kernel.pciFunction(OTHER).catch(String)).to.match(
      /^KernelError: read .*0000:04:00\.1\/vendor: .*EISDIR/,
    );
    expect((await read()).address).to.equal(NIC);
  });

  describe("and its interfaces", () => {
    it("of a virtio NIC, which has a device in between", async () => {
      tree.function(NIC, "0x020000");
      tree.virtioInterface(NIC, "virtio2", "eth0");
      expect((await read()).interfaces.map(({ name }) => name)).to.deep.equal(["eth0"]);
    });

    it("of a virtio NIC in another network namespace", async () => {
      tree.function(NIC, "0x020000");
      tree.link(`${device(NIC)}/driver`, "../../drivers/virtio-pci");
      tree.directory(`${device(NIC)}/virtio2/net`);
      expect(await read()).to.deep.include({ interfaces: [], interfaceElsewhere: true });
    });

    it("of a USB NIC behind its host", async () => {
      tree.function(NIC, "0x0c0330");
      tree.link(`${device(NIC)}/driver`, "../../drivers/xhci_hcd");
      tree.file(`${device(NIC)}/usb1/1-4/1-4:1.0/net/enx1/address`, "52:54:00:12:34:58");
      tree.link("/sys/class/net/enx1", `../../bus/pci/devices/${NIC}/usb1/1-4/1-4:1.0/net/enx1`);
      expect(await read()).to.deep.include({ interfaceElsewhere: false });
      expect((await read()).interfaces.map(({ name }) => name)).to.deep.equal(["enx1"]);
    });

    it("each once, and not those of others", async () => {
      tree.nic(NIC);
      tree.nic(OTHER);
      tree.interface(NIC, "eno1");
      tree.interface(OTHER, "eno2");
      tree.virtualInterface("bond0");
      expect((await read()).interfaces.map(({ name }) => name)).to.deep.equal(["eno1"]);
    });
  });

  describe("and its IOMMU group", () => {
    const group = (...members: readonly string[]): void => {
      for (const member of members) {
        tree.link(`/sys/kernel/iommu_groups/14/devices/${member}`, `../../../../bus/pci/devices/${member}`);
      }
    };
    const join = (address: string): void =>
      tree.link(`${device(address)}/iommu_group`, "../../../../kernel/iommu_groups/14");

    it("with the others that are in it", async () => {
      tree.nic(NIC);
      tree.nic(OTHER);
      tree.link(`${device(OTHER)}/driver`, "../../drivers/ixgbe");
      [NIC, OTHER].forEach(join);
      group(NIC, OTHER);
      const { iommuGroup, groupMembers } = await read();
      expect(iommuGroup).to.equal("14");
      expect(groupMembers).to.deep.equal([
        { address: OTHER, vendorId: "8086", deviceId: "10fb", classId: "020000", driver: "ixgbe", iommuGroup: "14" },
      ]);
    });

    it("as none where vfio has made one up for want of an IOMMU", async () => {
      tree.nic(NIC);
      join(NIC);
      group(NIC);
      tree.file("/sys/kernel/iommu_groups/14/name", "vfio-noiommu");
      expect(await read()).not.to.have.property("iommuGroup");
      expect((await kernel.pciFunctions())[0]).not.to.have.property("iommuGroup");
    });

    it("without what is on no PCI bus", async () => {
      tree.nic(NIC);
      join(NIC);
      group(NIC, "PNP0C0F:00");
      expect((await read()).groupMembers).to.deep.equal([]);
    });

    it("without one that goes meanwhile", async () => {
      tree.nic(NIC);
      join(NIC);
      group(NIC, OTHER);
      expect((await read()).groupMembers).to.deep.equal([]);
    });

    it("in order of their addresses", async () => {
      const others = ["0000:81:00.0", "0000:05:00.0", "0000:0a:00.0"];
      tree.nic(NIC);
      others.forEach((address) => tree.nic(address));
      [NIC, ...others].forEach(join);
      group(NIC, ...others);
      expect((await read()).groupMembers.map(({ address }) => address)).to.deep.equal([...others].sort());
    });
  });
});
