import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parsePciAddress } from "../../../reconciler/kernel/kernel.js";
import { LinuxKernel } from "../../../reconciler/kernel/linux/linux-kernel.js";
import { device, mount, SysfsTree } from "./sysfs-tree.js";

const CONTROLLER = parsePciAddress("0000:00:17.0");
const OTHER = parsePciAddress("0000:00:18.0");
const HOST = `${device(CONTROLLER)}/ata1/host0/target0:0:0/0:0:0:0/block`;

describe("LinuxKernel tells what the node does with the disks behind a function", () => {
  let tree: SysfsTree;
  let kernel: LinuxKernel;

  beforeEach(() => {
    tree = new SysfsTree();
    for (const address of [CONTROLLER, OTHER]) tree.function(address, "0x010601");
    kernel = new LinuxKernel(tree);
    tree.disk(HOST, "sda", "8:0");
    for (const part of [1, 2]) tree.disk(`${HOST}/sda`, `sda${part}`, `8:${part}`);
  });
  afterEach(() => tree.remove());

  const mounts = async (address = CONTROLLER): Promise<readonly string[]> =>
    (await kernel.pciFunction(address))?.mounts ?? expect.fail(`${address} is gone`);

  it("nothing where none of them is mounted", async () => {
    tree.mounted(mount("259:2", "/", "/dev/nvme0n1p2"));
    expect(await mounts()).to.deep.equal([]);
  });

  it("a partition that is mounted", async () => {
    tree.mounted(mount("8:2", "/", "/dev/root"));
    expect(await mounts()).to.deep.equal(["sda2 at /"]);
  });

  it("not those of another function", async () => {
    tree.mounted(mount("8:2", "/", "/dev/sda2"));
    expect(await mounts(OTHER)).to.deep.equal([]);
  });

  it("a disk without partitions", async () => {
    tree.mounted(mount("8:0", "/data", "/dev/sda", "xfs"));
    expect(await mounts()).to.deep.equal(["sda at /data"]);
  });

  it("of a partition that is mounted in many places, the shortest", async () => {
    const places = ["/mnt/volumes", "/srv", "/var/lib/kubelet"];
    tree.mounted(...places.map((place) => mount("8:2", place, "/dev/sda2")));
    expect(await mounts()).to.deep.equal(["sda2 at /srv"]);
  });

  it("a mount point with a space in its name", async () => {
    tree.mounted(mount("8:1", "/srv/my\\040data", "/dev/sda1"));
    expect(await mounts()).to.deep.equal(["sda1 at /srv/my data"]);
  });

  it("every partition that is mounted", async () => {
    tree.mounted(mount("8:1", "/boot/efi", "/dev/sda1", "vfat"), mount("8:2", "/", "/dev/sda2"));
    expect(await mounts()).to.deep.equal(["sda1 at /boot/efi", "sda2 at /"]);
  });

  describe("swap", () => {
    const swaps = (...rows: readonly string[]): string =>
      tree.file("/proc/swaps", ["Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority", ...rows].join("\n"));

    it("on a partition", async () => {
      swaps("/dev/sda1                               partition\t1048572\t\t0\t\t-2");
      expect(await mounts()).to.deep.equal(["sda1 as swap"]);
    });

    it("on a logical volume", async () => {
      tree.stackedDisk("dm-0", "253:0", ["sda2"], "vg0-swap");
      swaps("/dev/dm-0                               partition\t1048572\t\t0\t\t-2");
      expect(await mounts()).to.deep.equal(["sda2 under vg0-swap", "vg0-swap as swap"]);
    });

    it("but no file of that name", async () => {
      swaps("/srv/sda1                               file\t1048572\t\t0\t\t-2");
      expect(await mounts()).to.deep.equal([]);
    });
  });

  describe("what is stacked on them", () => {
    it("by the device mapper, under its name", async () => {
      tree.stackedDisk("dm-0", "253:0", ["sda2"], "vg0-root");
      tree.mounted(mount("253:0", "/", "/dev/mapper/vg0-root"));
      expect(await mounts()).to.deep.equal(["sda2 under vg0-root", "vg0-root at /"]);
    });

    it("even where that is not mounted: a volume of a guest's, say", async () => {
      tree.stackedDisk("dm-0", "253:0", ["sda"], "ceph--1-osd");
      expect(await mounts()).to.deep.equal(["sda under ceph--1-osd"]);
    });

    it("in several layers: LVM on LUKS on md", async () => {
      tree.stackedDisk("md0", "9:0", ["sda2"]);
      tree.stackedDisk("dm-0", "253:0", ["md0"], "luks");
      tree.stackedDisk("dm-1", "253:1", ["dm-0"], "vg0-root");
      tree.mounted(mount("253:1", "/", "/dev/mapper/vg0-root"));
      expect(await mounts()).to.deep.equal([
        "sda2 under md0",
        "md0 under luks",
        "luks under vg0-root",
        "vg0-root at /",
      ]);
    });

    it("as partitions of an md", async () => {
      tree.stackedDisk("md126", "9:126", ["sda"]);
      tree.disk("/sys/devices/virtual/block/md126", "md126p2", "259:0");
      tree.mounted(mount("259:0", "/", "/dev/md126p2"));
      expect(await mounts()).to.deep.equal(["sda under md126", "md126p2 at /"]);
    });
  });

  it("not what stands on a disk whose name begins as that of one of them", async () => {
    tree.stackedDisk("md1", "9:1", ["sda2"]);
    tree.stackedDisk("md12", "9:12", []);
    tree.mounted(mount("9:12", "/data", "/dev/md12"));
    expect(await mounts()).to.deep.equal(["sda2 under md1"]);
  });

  describe("where a mount has no number of a disk", () => {
    it("a btrfs that names this one", async () => {
      tree.mounted(mount("0:29", "/", "/dev/sda2", "btrfs"));
      expect(await mounts()).to.deep.equal(["sda2 at /"]);
    });

    it("a btrfs that names another one of its disks", async () => {
      for (const name of ["sda2", "sdb1"]) tree.link(`/sys/fs/btrfs/2f1d/devices/${name}`, `../../../../block/${name}`);
      tree.mounted(mount("0:29", "/data", "/dev/sdb1", "btrfs"));
      expect(await mounts()).to.deep.equal(["sda2 at /data"]);
    });

    it("a btrfs that is mounted where nobody can see", async () => {
      tree.link("/sys/fs/btrfs/2f1d/devices/sda2", "../../../../block/sda2");
      expect(await mounts()).to.deep.equal(["sda2 in a btrfs that is mounted"]);
    });

    it("a bcachefs that names all of its disks", async () => {
      tree.mounted(mount("0:31", "/data", "/dev/sda2:/dev/sdb1", "bcachefs"));
      expect(await mounts()).to.deep.equal(["sda2 at /data"]);
    });

    it("but no share whose name ends like that of a disk", async () => {
      tree.mounted(mount("0:33", "/mnt", "server:/export/sda2", "nfs4"));
      expect(await mounts()).to.deep.equal([]);
    });

    it("a ZFS, which udev knows by its disks", async () => {
      tree.file("/run/udev/data/b8:2", "E:DEVTYPE=partition\nE:ID_FS_TYPE=zfs_member");
      tree.mounted(mount("0:40", "/", "rpool/ROOT", "zfs"));
      expect(await mounts()).to.deep.equal(["sda2 in a ZFS pool"]);
    });

    it("but no disk that a ZFS was on while none is mounted", async () => {
      tree.file("/run/udev/data/b8:2", "E:DEVTYPE=partition\nE:ID_FS_TYPE=zfs_member");
      expect(await mounts()).to.deep.equal([]);
    });
  });

  describe("behind", () => {
    const NVME = parsePciAddress("0000:03:00.0");

    it("an NVMe disk that is its own controller", async () => {
      tree.function(NVME, "0x010802");
      tree.disk(`${device(NVME)}/nvme/nvme0`, "nvme0n1", "259:0");
      tree.disk(`${device(NVME)}/nvme/nvme0/nvme0n1`, "nvme0n1p2", "259:2");
      tree.mounted(mount("259:2", "/", "/dev/nvme0n1p2"));
      expect(await mounts(NVME)).to.deep.equal(["nvme0n1p2 at /"]);
    });

    it("an NVMe controller that is one of several paths to a disk", async () => {
      tree.function(NVME, "0x010802");
      tree.disk(`${device(NVME)}/nvme/nvme1`, "nvme0c1n1", "259:1");
      tree.disk("/sys/devices/virtual/nvme-subsystem/nvme-subsys0", "nvme0n1", "259:0");
      tree.disk("/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1", "nvme0n1p1", "259:2");
      tree.mounted(mount("259:2", "/", "/dev/nvme0n1p1"));
      expect(await mounts(NVME)).to.deep.equal(["nvme0n1p1 at /"]);
    });

    it("a USB host with hubs", async () => {
      tree.disk(`${device(OTHER)}/usb2/2-1/2-1.4/2-1.4:1.0/host6/target6:0:0/6:0:0:0/block`, "sdc", "8:32");
      tree.mounted(mount("8:32", "/media", "/dev/sdc", "vfat"));
      expect(await mounts(OTHER)).to.deep.equal(["sdc at /media"]);
    });

    it("a bridge, through the functions on its bus", async () => {
      const bridge = parsePciAddress("0000:00:1c.0");
      tree.function(bridge, "0x060400");
      tree.disk(`${device(bridge)}/0000:05:00.0/virtio3/block`, "vda", "254:0");
      tree.mounted(mount("254:0", "/", "/dev/vda"));
      expect(await mounts(bridge)).to.deep.equal(["vda at /"]);
    });
  });

  it("a disk that goes between two looks is passed over", async () => {
    tree.link("/sys/class/block/sdx", "../../bus/pci/devices/0000:00:17.0/nowhere/sdx");
    tree.mounted(mount("8:2", "/", "/dev/sda2"));
    expect(await mounts()).to.deep.equal(["sda2 at /"]);
  });

  it("fails where mounts cannot be read: it would be taken for free", async () => {
    rmSync(join(tree.procRoot, "1/mountinfo"));
    expect(await kernel.pciFunction(CONTROLLER).catch(String)).to.match(
      /^KernelError: read .*\/1\/mountinfo: .*\(ENOENT\); .* is not the host's procfs: mount the host's \/proc there$/,
    );
  });

  it("fails where swaps cannot be read", async () => {
    tree.directory("/proc/swaps");
    expect(await kernel.pciFunction(CONTROLLER).catch(String)).to.match(/^KernelError: read .*\/swaps: .*\(EISDIR\)$/);
  });
});
