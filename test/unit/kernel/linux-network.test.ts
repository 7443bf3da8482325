import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { KernelError, parsePciAddress, type NetworkInterface } from "../../../reconciler/kernel/kernel.js";
import { LinuxKernel } from "../../../reconciler/kernel/linux/linux-kernel.js";
import { device, ipv4Route, SysfsTree } from "./sysfs-tree.js";

const NIC = parsePciAddress("0000:04:00.0");
const VF = "0000:04:10.0";

describe("LinuxKernel and the host's network", () => {
  let tree: SysfsTree;
  let kernel: LinuxKernel;

  beforeEach(() => {
    tree = new SysfsTree();
    tree.nic(NIC);
    tree.interface(NIC, "ens1");
    kernel = new LinuxKernel(tree);
  });
  afterEach(() => {
    kernel.close();
    tree.remove();
  });

  const readInterface = async (): Promise<NetworkInterface> => {
    const [first] = (await kernel.physicalFunction(NIC))?.interfaces ?? [];
    return first ?? expect.fail("the NIC has no interface");
  };

  describe("what stands on an interface", () => {
    beforeEach(() => {
      for (const name of ["bond0", "mgmt-br", "mgmt-br.100", "ens1.5", "macvlan0", "vrf-red"]) {
        tree.virtualInterface(name);
      }
    });
    const uppers = async (): Promise<readonly string[]> => (await readInterface()).uppers;

    it("is nothing at first", async () => {
      expect(await uppers()).to.deep.equal([]);
    });

    it("is a bridge", async () => {
      tree.enslave("ens1", "mgmt-br");
      expect(await uppers()).to.deep.equal(["mgmt-br"]);
    });

    it("is a VLAN, which is no master", async () => {
      tree.stack("ens1.5", "ens1");
      expect(await uppers()).to.deep.equal(["ens1.5"]);
    });

    it("is a bond in a bridge in a VLAN, nearest first", async () => {
      tree.enslave("ens1", "bond0");
      tree.enslave("bond0", "mgmt-br");
      tree.stack("mgmt-br.100", "mgmt-br");
      expect(await uppers()).to.deep.equal(["bond0", "mgmt-br", "mgmt-br.100"]);
    });

    it("is all of several, those of one level before those above them", async () => {
      tree.stack("ens1.5", "ens1");
      tree.stack("macvlan0", "ens1");
      tree.enslave("ens1.5", "vrf-red");
      expect(await uppers()).to.deep.equal(["ens1.5", "macvlan0", "vrf-red"]);
    });

    it("is once what stands on two of them", async () => {
      tree.stack("ens1.5", "ens1");
      tree.stack("macvlan0", "ens1");
      tree.enslave("ens1.5", "mgmt-br");
      tree.enslave("macvlan0", "mgmt-br");
      expect(await uppers()).to.deep.equal(["ens1.5", "macvlan0", "mgmt-br"]);
    });

    it("is a master that an old kernel shows by no other link", async () => {
      tree.link("/sys/class/net/ens1/master", "../mgmt-br");
      expect(await uppers()).to.deep.equal(["mgmt-br"]);
    });

    it("ends in a circle", async () => {
      tree.enslave("ens1", "bond0");
      tree.enslave("bond0", "mgmt-br");
      tree.enslave("mgmt-br", "bond0");
      expect(await uppers()).to.deep.equal(["bond0", "mgmt-br"]);
    });

    it("ends at itself", async () => {
      tree.enslave("ens1", "ens1");
      expect(await uppers()).to.deep.equal([]);
    });
  });

  describe("the type of an interface's link", () => {
    for (const [type, linkType] of [
      ["1", "eth"],
      ["32", "ib"],
      ["65534", undefined],
    ] as const) {
      it(`is ${linkType ?? "not told"} where the kernel says ${type}`, async () => {
        tree.file(`${device(NIC)}/net/ens1/type`, type);
        expect((await readInterface()).linkType).to.equal(linkType);
      });
    }
  });

  describe("an interface's other names", () => {
    beforeEach(() => tree.file(`${device(NIC)}/net/ens1/ifindex`, "12"));
    const names = async (): Promise<readonly string[]> => (await readInterface()).alternativeNames;

    it("are those that udev's rules found, sorted, each once, and without its own", async () => {
      tree.udevRecord(
        12,
        "I:1700000000",
        "E:ID_NET_NAMING_SCHEME=v252",
        "E:ID_NET_NAME_MAC=enx020000000001",
        "E:ID_NET_NAME_ONBOARD=eno49np0",
        "E:ID_NET_NAME_PATH=enp4s0f0np0",
        "E:ID_NET_NAME_SLOT=ens1",
        "E:ID_NET_NAME_PATH=enp4s0f0np0",
        "E:ID_VENDOR_FROM_DATABASE=Intel Corporation",
        "G:systemd",
      );
      expect(await names()).to.deep.equal(["eno49np0", "enp4s0f0np0", "enx020000000001"]);
    });

    it("are read in full from a record that is long", async () => {
      tree.udevRecord(12, `E:ID_MODEL_FROM_DATABASE=${"x".repeat(5_000)}`, "E:ID_NET_NAME_PATH=enp4s0f0");
      expect(await names()).to.deep.equal(["enp4s0f0"]);
    });

    it("are none where udev's record is of another interface", async () => {
      tree.udevRecord(1, "E:ID_NET_NAME_PATH=enp4s0f0");
      expect(await names()).to.deep.equal([]);
    });

    it("are none on a host without udev", async () => {
      expect(await names()).to.deep.equal([]);
    });

    it("are not looked for on VFs", async () => {
      tree.virtualFunction(NIC, 0, VF);
      tree.interface(VF, "ens1v0", { ifindex: "13" });
      tree.udevRecord(13, "E:ID_NET_NAME_PATH=enp4s0f0v0");
      const [vf] = (await kernel.physicalFunction(NIC))?.virtualFunctions ?? [];
      expect(vf?.interfaces.map(({ alternativeNames }) => alternativeNames)).to.deep.equal([[]]);
    });
  });

  describe("the MTU of an interface", () => {
    it("is what its file says", async () => {
      tree.file(`${device(NIC)}/net/ens1/mtu`, "9000");
      expect((await readInterface()).mtu).to.equal(9000);
    });

    it("is not told where it can't be read", async () => {
      expect(await readInterface()).not.to.have.property("mtu");
    });

    it("is written to that file", async () => {
      tree.file(`${device(NIC)}/net/ens1/mtu`, "1500");
      await kernel.setMtu(NIC, "ens1", 9000, { deadlineMs: 10_000 });
      expect((await readInterface()).mtu).to.equal(9000);
    });

    it("is written by a process with a deadline, as all that may hang", async () => {
      execFileSync("mkfifo", [join(tree.root, device(NIC), "net/ens1/mtu")]);
      const outcome = await kernel.setMtu(NIC, "ens1", 9000, { deadlineMs: 50 }).catch((error: unknown) => error);
      expect(outcome).to.be.instanceOf(KernelError).with.property("code", "ETIMEDOUT");
    });
  });

  describe("an interface is up", () => {
    const isUp = async (flags: string): Promise<boolean> => {
      tree.file(`${device(NIC)}/net/ens1/flags`, flags);
      return (await readInterface()).up;
    };

    it("where its flags say so, whatever its link does", async () => {
      expect(await isUp("0x1003")).to.equal(true);
    });

    it("not where they don't", async () => {
      expect(await isUp("0x1002")).to.equal(false);
    });
  });

  describe("a VF's interface is elsewhere", () => {
    beforeEach(() => {
      tree.virtualFunction(NIC, 0, VF);
      tree.link(`${device(VF)}/driver`, "../../drivers/ixgbevf");
    });
    const isElsewhere = async (): Promise<boolean | undefined> =>
      (await kernel.physicalFunction(NIC))?.virtualFunctions[0]?.interfaceElsewhere;

    it("where its folder of interfaces is there and empty", async () => {
      tree.directory(`${device(VF)}/net`);
      expect(await isElsewhere()).to.equal(true);
    });

    it("not where it is in the folder", async () => {
      tree.interface(VF, "ens1v0");
      expect(await isElsewhere()).to.equal(false);
    });

    it("not where there is no folder, as with vfio-pci", async () => {
      expect(await isElsewhere()).to.equal(false);
    });

    it("not where it has no driver", async () => {
      tree.directory(`${device(VF)}/net`);
      rmSync(`${tree.root}${device(VF)}/driver`);
      expect(await isElsewhere()).to.equal(false);
    });
  });

  describe("addresses", () => {
    const IPV6 = "20010db8000000000000000000000001 03 40 00 80     ens1";

    it("are an interface's own", async () => {
      tree.file("/proc/1/net/if_inet6", IPV6);
      expect((await readInterface()).addresses).to.deep.equal(["2001:db8::1"]);
    });

    it("are the node's, of interfaces that are no NIC's too", async () => {
      tree.file("/proc/1/net/if_inet6", IPV6.replace("ens1", "mgmt-br"));
      expect((await kernel.scan()).interfaceAddresses).to.deep.include({ "mgmt-br": ["2001:db8::1"] });
    });

    it("are not the loopback's, nor link-local ones", async () => {
      Object.assign(tree.ipv4Addresses, { lo: ["127.0.0.1"], ens1: ["169.254.1.2", "10.0.0.1"] });
      expect((await kernel.scan()).interfaceAddresses).to.deep.equal({ ens1: ["10.0.0.1"] });
    });

    it("are told by the connected network of an interface without a carrier", async () => {
      tree.routes(ipv4Route("ens1", "000200C0", "00FFFFFF"));
      expect((await readInterface()).addresses).to.deep.equal(["192.0.2.0/24"]);
    });

    it("have no network beside them", async () => {
      tree.ipv4Addresses["ens1"] = ["192.0.2.7"];
      tree.routes(ipv4Route("ens1", "000200C0", "00FFFFFF"));
      expect((await readInterface()).addresses).to.deep.equal(["192.0.2.7"]);
    });

    it("come with both families", async () => {
      tree.routes(ipv4Route("ens1", "000200C0", "00FFFFFF"));
      tree.file("/proc/1/net/if_inet6", IPV6);
      expect((await readInterface()).addresses).to.deep.equal(["192.0.2.0/24", "2001:db8::1"]);
    });
  });

  describe("default routes", () => {
    const zeros = "0".repeat(32);
    const ipv6Route = (name: string): string => `${zeros} 00 ${zeros} 00 ${zeros} 00000400 1 0 00000003 ${name}`;

    it("are read from both tables, each interface once", async () => {
      tree.routes(ipv4Route("mgmt-br", "00000000", "00000000", "0003"));
      tree.file("/proc/1/net/ipv6_route", `${ipv6Route("mgmt-br")}\n${ipv6Route("ens9")}`);
      expect((await kernel.scan()).defaultRouteInterfaces).to.deep.equal(["mgmt-br", "ens9"]);
    });

    it("are those of process 1, not of the agent's own namespace", async () => {
      tree.link("/proc/self", "7");
      tree.file("/proc/7/net/route", `header\n${ipv4Route("eth0", "00000000", "00000000", "0003")}`);
      tree.link("/proc/net", "self/net");
      expect((await kernel.scan()).defaultRouteInterfaces).to.be.empty;
    });

    it("are none of a kernel without IPv6", async () => {
      expect((await kernel.scan()).defaultRouteInterfaces).to.be.empty;
    });
  });

  describe("a folder that is not what it should be", () => {
    const refusal = (root: Partial<SysfsTree>): Promise<unknown> =>
      new LinuxKernel({ sysRoot: tree.sysRoot, procRoot: tree.procRoot, ...root })
        .scan()
        .catch((error: unknown) => error);

    it("in procfs's place is an error that says what to mount", async () => {
      const missing = join(tree.root, "host/proc");
      const error = await refusal({ procRoot: missing });
      expect(error).to.be.instanceOf(KernelError);
      expect(String(error)).to.equal(
        `KernelError: read ${missing}/1/net/route: no such file or directory (ENOENT); ` +
          `${missing} is not the host's procfs: mount the host's /proc there`,
      );
    });

    it("in procfs's place is an error for one NIC, too, and not a NIC that is gone", async () => {
      rmSync(tree.procRoot, { recursive: true });
      const error: unknown = await kernel.physicalFunction(NIC).catch((reason: unknown) => reason);
      expect(String(error)).to.include("mount the host's /proc there");
    });

    it("in sysfs's place is an error that says what to mount", async () => {
      const missing = join(tree.root, "host/sys");
      const error = await refusal({ sysRoot: missing });
      expect(error).to.be.instanceOf(KernelError);
      expect(String(error)).to.equal(
        `KernelError: read ${missing}/class/net: no such file or directory (ENOENT); ` +
          `${missing} is no sysfs: mount the host's /sys there`,
      );
    });
  });
});
