import { expect } from "chai";
import { join } from "node:path";
import { bundleKernelInGuest, GuestKernelListener } from "../../lab/nodes/remote/guest-kernel.js";
import type { RemoteKernel } from "../../lab/nodes/remote/remote-kernel.js";
import { startQemuNode, type QemuNode } from "../../lab/nodes/qemu/qemu-node.js";
import { beginRun, type LabRun } from "../../lab/processes/lab-run.js";
import { parsePciAddress, type NetworkInterface, type VirtualFunction } from "../../reconciler/kernel/kernel.js";
import { eventually } from "../unit/kernel/contract/contract-node.js";
import { describeKernelContract } from "../unit/kernel/kernel-contract.js";

const NIC = parsePciAddress("0000:01:00.0");
const OTHER_NIC = parsePciAddress("0000:02:00.0");

describe("Linux in a guest", function () {
  this.timeout(60_000);
  let run: LabRun;
  let node: QemuNode;
  let listener: GuestKernelListener;
  let kernel: RemoteKernel;

  before(async function () {
    this.timeout(600_000);
    run = await beginRun({ label: "kernel-contract" });
    const agentBundle = join(run.dir, "kernel.js");
    bundleKernelInGuest(agentBundle);
    listener = await GuestKernelListener.start();
    node = await startQemuNode(run, { name: "contract-1", agentBundle });
    const connected = listener.kernel();
    await node.startAgent({ args: listener.programArgs });
    kernel = await connected;
  });
  after(async () => {
    kernel.close();
    listener.close();
    await run.stop();
  });

  describeKernelContract("LinuxKernel", { kernel: () => kernel, nics: [NIC, OTHER_NIC], timeoutMs: 60_000 });

  /** Fails where the command does. */
  async function must(command: string): Promise<string> {
    const { code, stdout, stderr } = await node.exec(command);
    expect(code, `${command}: ${stderr}`).to.equal(0);
    return stdout.trim();
  }

  async function readInterface(address = OTHER_NIC): Promise<NetworkInterface> {
    const [first] = (await kernel.physicalFunction(address))?.interfaces ?? [];
    return first ?? expect.fail(`${address} has no interface`);
  }

  /** What a simulation can't be asked: the words of a real kernel for what goes on around NICs. */
  describe("shows the node's network", () => {
    it("with a bond in a bridge on the NIC that is in it", async () => {
      const { name } = await readInterface();
      await must(`ip link set ${name} down && ip link add bond7 type bond && ip link add br7 type bridge`);
      await must(`ip link set ${name} master bond7 && ip link set bond7 master br7`);
      expect((await readInterface()).uppers).to.deep.equal(["bond7", "br7"]);
      await must(`ip link del bond7 && ip link del br7 && ip link set ${name} up`);
    });

    it("with a VLAN, which is no master, on the NIC that it stands on", async () => {
      const { name } = await readInterface();
      await must(`ip link add link ${name} name ${name}.7 type vlan id 7`);
      expect((await readInterface()).uppers).to.deep.equal([`${name}.7`]);
      await must(`ip link del ${name}.7`);
    });

    it("with addresses of both families", async () => {
      const { name } = await readInterface();
      await must(`ip addr add 192.0.2.7/24 dev ${name} && ip -6 addr add 2001:db8::7/64 dev ${name}`);
      const { addresses } = await readInterface();
      expect(addresses).to.include("2001:db8::7");
      expect(addresses.some((it) => ["192.0.2.7", "192.0.2.0/24"].includes(it))).to.equal(true);
      await must(`ip addr flush dev ${name}`);
    });

    it("with the addresses of an interface that has no carrier", async () => {
      const { name } = await readInterface(NIC);
      await must(`ip addr add 198.51.100.7/24 dev ${name} && ip link set ${name} up`);
      await node.monitor("set_link nic1 off");
      await must(`until [ "$(cat /sys/class/net/${name}/carrier)" = 0 ]; do usleep 50000; done`);
      expect((await readInterface(NIC)).addresses).to.include("198.51.100.0/24");
      await node.monitor("set_link nic1 on");
      await must(`ip addr flush dev ${name}`);
    });

    it("with the interface that carries the default route", async () => {
      const [, carrier = ""] = /^default .*dev (\S+)/m.exec(await must("ip route")) ?? [];
      expect((await kernel.scan()).defaultRouteInterfaces).to.deep.equal([carrier]);
    });
  });

  it("answers EPERM to who sets an interface up as root without CAP_NET_ADMIN", async () => {
    const { name } = await readInterface();
    const { stderr } = await node.exec(`unshare -U sh -c 'echo 0x1003 >/sys/class/net/${name}/flags'`);
    expect(stderr.trim()).to.equal("sh: write error: Operation not permitted");
  });

  describe("loading vfio-pci", () => {
    const loadVfio = (): Promise<void> => kernel.loadDriver("vfio-pci", { deadlineMs: 60_000 });

    before(async () => {
      await must("rmmod vfio_pci");
      await must(
        `mkdir -p "/lib/modules/$(uname -r)" && cd "/lib/modules/$(uname -r)" &&
         for file in /etc/lab/modules/*; do name=\${file##*/}; cp "$file" "\${name#*-}"; done`,
      );
    });
    after(() => must('rm -r "/lib/modules/$(uname -r)" && [ -e /sys/bus/pci/drivers/vfio-pci ]'));

    it("answers ENOENT while modprobe's own list of modules has none of that name", async () => {
      await must('touch "/lib/modules/$(uname -r)/modules.dep"');
      expect(await loadVfio().catch(String)).to.match(/\(ENOENT\); the node's kernel has no such module/);
    });

    it("has it there for who binds a function", async () => {
      await must("depmod");
      await loadVfio();
      await must("[ -e /sys/bus/pci/drivers/vfio-pci ]");
    });
  });

  it("tells of the management NIC of a bridge that it is in, whatever kind of function it is", async () => {
    const addresses = (await kernel.pciFunctions()).map(({ address }) => address);
    const functions = await Promise.all(addresses.map((address) => kernel.pciFunction(address)));
    const uppers = functions.flatMap((it) => it?.interfaces.map((found) => found.uppers) ?? []);
    expect(uppers).to.deep.include(["mgmt-br"]);
  });

  describe("a VF's interface in another network namespace", () => {
    const vf = async (): Promise<VirtualFunction> =>
      (await kernel.physicalFunction(NIC))?.virtualFunctions[0] ?? expect.fail("no VF");

    before(async () => {
      await kernel.setNumVfs(NIC, 1, { deadlineMs: 60_000 });
      await eventually(async () => (await vf()).interfaces.length === 1);
      const name = (await vf()).interfaces[0]?.name ?? "";
      await must("unshare -n sleep 100000 </dev/null >/dev/null 2>&1 & echo $! >/tmp/pod");
      await must(
        "until [ $(readlink /proc/$(cat /tmp/pod)/ns/net) != $(readlink /proc/1/ns/net) ]; do usleep 9000; done",
      );
      await must(`ip link set ${name} netns $(cat /tmp/pod)`);
    });
    after(() => kernel.setNumVfs(NIC, 0, { deadlineMs: 60_000 }));

    it("is told to be elsewhere", async () => {
      const { driver, interfaces, interfaceElsewhere } = await vf();
      expect({ driver, interfaces, interfaceElsewhere }).to.deep.equal({
        driver: "igbvf",
        interfaces: [],
        interfaceElsewhere: true,
      });
    });

    it("is told to be here again when the namespace is gone", async () => {
      await must("kill $(cat /tmp/pod)");
      await eventually(async () => !(await vf()).interfaceElsewhere);
      expect((await vf()).interfaces).to.have.length(1);
    });
  });
});
