import { expect } from "chai";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createAuthority } from "../../lab/control-plane/certificate-authority.js";
import { type QemuNode, startQemuNode } from "../../lab/nodes/qemu/qemu-node.js";
import { beginRun, type LabRun } from "../../lab/processes/lab-run.js";
import { guestAgent } from "./guest-agent.js";

const first = "/sys/bus/pci/devices/0000:01:00.0";
const second = "/sys/bus/pci/devices/0000:02:00.0";

/** Tests build on one another's guest, since each boot takes seconds: those that spoil it come last. */
describe("QEMU node", function () {
  this.timeout(120_000);
  let run: LabRun;
  let node: QemuNode;
  let server: Server;

  before(async function () {
    this.timeout(600_000);
    run = await beginRun({ label: "guest-test" });
    const agentBundle = join(run.dir, "agent.js");
    writeFileSync(agentBundle, guestAgent);
    const authority = await createAuthority("guest test");
    const { certificatePem: cert, keyPem: key } = await authority.issueServer(["10.0.2.2"]);
    server = createServer({ cert, key }).listen(0, "127.0.0.1");
    await once(server, "listening");
    node = await startQemuNode(run, {
      name: "guest-1",
      agentBundle,
      files: { "/etc/test/ca.crt": authority.certificatePem },
    });
  });
  after(async () => {
    await run.stop();
    server.close();
  });

  /** Fails where the command does. */
  async function must(command: string): Promise<string> {
    const { code, stdout, stderr } = await node.exec(command);
    expect(code, `${command}: ${stderr}`).to.equal(0);
    return stdout.trim();
  }
  const setNumVfs = (count: number) => node.exec(`echo ${count} > ${first}/sriov_numvfs`);

  describe("control channel", () => {
    it("returns exit status, standard output and standard error apart", async () => {
      const result = await node.exec("echo out; echo err >&2; exit 3");
      expect(result).to.deep.equal({ code: 3, stdout: "out\n", stderr: "err\n" });
    });

    it("carries what is no line of text", async () => {
      const { stdout } = await node.exec(`printf 'a b\\nc\\0"d" é'`);
      expect(stdout).to.equal('a b\nc\0"d" é');
    });

    it("runs a command while another one waits", async () => {
      await must("mkfifo /tmp/gate");
      const waiting = node.exec("cat /tmp/gate");
      await must("echo open > /tmp/gate");
      expect((await waiting).stdout).to.equal("open\n");
    });

    it("says which file could not be read", async () => {
      const error = await node.read("/no/such/file").catch((reason: unknown) => reason);
      expect(String(error)).to.include("/no/such/file").and.include("No such file");
    });

    it("gives the guest its own host name", async () => {
      expect(await node.read("/proc/sys/kernel/hostname")).to.equal("guest-1");
    });
  });

  describe("hardware", () => {
    for (const nic of [first, second]) {
      it(`has a NIC with 7 virtual functions at ${nic.slice(-12)}`, async () => {
        expect(await node.read(`${nic}/sriov_totalvfs`)).to.equal("7");
      });
    }

    it("names NICs after their PCI addresses", async () => {
      expect(await must(`ls ${first}/net ${second}/net`))
        .to.include("enp1s0")
        .and.include("enp2s0");
    });

    it("has a management NIC without SR-IOV", async () => {
      const device = "/sys/class/net/enp0s2/device";
      expect(await must(`basename $(readlink ${device}/driver); ls ${device}`))
        .to.match(/^e1000e\n/)
        .and.not.include("sriov_totalvfs");
    });

    it("has the management NIC in a bridge that carries address and default route", async () => {
      expect(await must("basename $(readlink /sys/class/net/enp0s2/master)")).to.equal("mgmt-br");
      expect(await must("ip -4 addr show dev mgmt-br")).to.include("inet 10.0.2.15/24");
      expect(await must("ip -4 route show default")).to.equal("default via 10.0.2.2 dev mgmt-br");
    });

    it("has iproute2's ip beside busybox's, which cannot speak of virtual functions", async () => {
      expect(await must("/usr/sbin/ip -V")).to.include("iproute2");
    });

    it("knows the names of PCI devices", async () => {
      expect(await must("grep -m 1 '^\t10ca' /usr/share/misc/pci.ids")).to.include("82576 Virtual Function");
    });

    it("passes packets from one NIC to the other", async () => {
      await must("ip addr add 192.0.2.1/24 dev enp1s0 && ip addr add 192.0.2.2/24 dev enp2s0");
      // The kernel takes no packet from an address of its own, unless it is told to.
      await must("echo 1 > /proc/sys/net/ipv4/conf/enp2s0/accept_local");
      expect(await must("arping -f -w 20 -I enp1s0 192.0.2.2")).to.include("Unicast reply from 192.0.2.2");
      await must("ip addr flush dev enp1s0 && ip addr flush dev enp2s0");
    });
  });

  describe("virtual functions", () => {
    it("appear when the kernel is asked for 4, bound to igbvf", async () => {
      expect((await setNumVfs(4)).code).to.equal(0);
      expect((await must("ls /sys/bus/pci/drivers/igbvf | grep ^0000:")).split("\n")).to.deep.equal([
        "0000:01:10.0",
        "0000:01:10.2",
        "0000:01:10.4",
        "0000:01:10.6",
      ]);
    });

    it("keep their number when 6 are asked for: busy", async () => {
      expect((await setNumVfs(6)).stderr).to.include("Device or resource busy");
      expect(await node.read(`${first}/sriov_numvfs`)).to.equal("4");
    });

    it("have an IOMMU group each", async () => {
      const groups = await must(`for vf in ${first}/virtfn*; do basename $(readlink $vf/iommu_group); done`);
      expect(new Set(groups.split("\n")).size).to.equal(4);
    });

    it("can be bound to vfio-pci", async () => {
      const vf = "/sys/bus/pci/devices/0000:01:10.0";
      await must(`echo vfio-pci > ${vf}/driver_override`);
      await must(`echo 0000:01:10.0 > ${vf}/driver/unbind && echo 0000:01:10.0 > /sys/bus/pci/drivers_probe`);
      expect(await must(`basename $(readlink ${vf}/driver)`)).to.equal("vfio-pci");
      await must(`test -c /dev/vfio/$(basename $(readlink ${vf}/iommu_group))`);
    });

    it("go when 0 are asked for", async () => {
      expect((await setNumVfs(0)).code).to.equal(0);
      expect(await must(`ls ${first} | grep -c virtfn || true`)).to.equal("0");
    });

    it("are refused beyond 7: out of range", async () => {
      expect((await setNumVfs(9)).stderr).to.include("Numerical result out of range");
    });
  });

  describe("agent", () => {
    const heard = async () => {
      const [request, response] = (await once(server, "request")) as Parameters<import("node:http").RequestListener>;
      const body = JSON.parse(await text(request)) as { node: string; hostname: string; seen: string[] };
      response.end();
      return body;
    };
    const start = async () => {
      const message = heard();
      const { port } = server.address() as AddressInfo;
      await node.startAgent({ args: [`https://10.0.2.2:${port}/`, "/etc/test/ca.crt"] });
      return message;
    };

    it("reaches a server on the host's loopback over TLS, and reads the guest's sysfs", async () => {
      const { hostname, seen } = await start();
      expect(hostname).to.equal("guest-1");
      expect(seen).to.deep.equal(["0000:01:00.0", "0000:02:00.0"]);
    });

    it("is not started twice", async () => {
      const error = await node.startAgent({ args: [] }).catch((reason: unknown) => reason);
      expect(String(error)).to.include("agent is running already");
    });

    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      it(`is gone after ${signal}, and can be started again`, async () => {
        await node.stopAgent(signal);
        expect(await must("pidof node || true")).to.equal("");
        expect((await start()).hostname).to.equal("guest-1");
      });
    }

    it("runs inside another command where that is asked for", async () => {
      await node.stopAgent("SIGKILL");
      const message = heard();
      const { port } = server.address() as AddressInfo;
      const args = [`https://10.0.2.2:${port}/`, "/etc/test/ca.crt"];
      await node.startAgent({ args, inside: ["unshare", "--uts"] });
      await message;
      const uts = await must("for pid in 1 $(cat /run/lab/agent.pid); do readlink /proc/$pid/ns/uts; done | uniq -d");
      expect(uts, "no namespace twice").to.equal("");
    });

    it("writes its log to the host", () => {
      const log = readFileSync(join(run.dir, "logs", "guest-1-agent.log"), "utf8");
      expect(log)
        .to.include("started")
        .and.match(/ended with status 0/);
    });
  });

  describe("monitor", () => {
    it("says what was wrong with a command", async () => {
      const error = await node.monitor("device_del nic9").catch((reason: unknown) => reason);
      expect(String(error)).to.include("nic9");
    });
  });

  describe("hot plugging", () => {
    it("takes a NIC out", async () => {
      await node.unplug(2);
      expect((await node.exec(`test -e ${second}`)).code).to.equal(1);
    });

    it("puts it back at its address", async () => {
      await node.plug(2);
      await must(`until [ -e ${second}/sriov_totalvfs ]; do usleep 50000; done`);
      expect(await node.read(`${second}/sriov_totalvfs`)).to.equal("7");
    });

    it("takes out a NIC with virtual functions, and they go with it", async () => {
      expect((await setNumVfs(2)).code).to.equal(0);
      await node.unplug(1);
      expect(await must("ls /sys/bus/pci/devices | grep -c ^0000:01 || true")).to.equal("0");
      await node.plug(1);
      await must(`until [ -e ${first}/sriov_totalvfs ]; do usleep 50000; done`);
    });

    it("rejects a NIC that is out already", async () => {
      await node.unplug(2);
      const error = await node.unplug(2).catch((reason: unknown) => reason);
      expect(String(error)).to.include("nic2");
      await node.plug(2);
    });
  });

  describe("reset", () => {
    it("brings the guest back without virtual functions and without the agent", async () => {
      expect((await setNumVfs(4)).code).to.equal(0);
      await node.reset();
      expect(await node.read(`${first}/sriov_numvfs`)).to.equal("0");
      expect(await must("pidof node || true")).to.equal("");
    });

    it("loses the command under way, and says so", async () => {
      const lost = node.exec("sleep 1000").catch((reason: unknown) => reason);
      await must("true");
      await node.reset();
      expect(String(await lost))
        .to.include("was reset")
        .and.include("sleep 1000");
    });
  });
});
