import type { RealNode } from "../../../lab/nodes/real-node.js";

/** One of the guest's two NICs with SR-IOV. */
export interface Nic {
  readonly number: 1 | 2;
  readonly address: string;
  /** What its interface is called from boot on, until it is plugged in anew. */
  readonly interfaceName: string;
  /** Its folder in the guest's sysfs. */
  readonly path: string;
}

export const first = nic(1);
export const second = nic(2);

/** A VF as the guest's own kernel has it; without what it has not. */
export interface KernelVf {
  readonly index: number;
  readonly address: string;
  readonly driver?: string;
  readonly interfaceName?: string;
  /** Another one each time that the VF is made, which tells an old report from a new one. */
  readonly macAddress?: string;
}

/** The guest without its agent: what its kernel says, and what a person at its console would do. */
export class Guest {
  constructor(private readonly node: RealNode) {}

  /** Runs a shell command and returns its output, trimmed. */
  async run(command: string): Promise<string> {
    const { code, stdout, stderr } = await this.node.guest.exec(command);
    if (code !== 0) throw new Error(`${command} ended with status ${code}: ${stderr.trim()}`);
    return stdout.trim();
  }

  /** Waits in the guest, whose looks cost no process each, until a test of its shell holds. */
  async until(test: string): Promise<void> {
    await this.run(`until ${test}; do usleep 20000; done`);
  }

  /** Has the agent look at its hardware now; one that was just started, once it takes the signal. */
  async rescan(): Promise<void> {
    const takesHangups = `grep -q '^SigCgt:.*[13579bdf]$' /proc/$pid/status`;
    await this.run(`pid=$(cat /run/lab/agent.pid); until ${takesHangups}; do usleep 20000; done; kill -HUP $pid`);
  }

  /** Gives its interface another name, which the agent then reports, and returns that. */
  async renameInterface({ path, interfaceName }: Nic): Promise<string> {
    const other = `looked${interfaceName}`;
    return this.run(`
      now=$(ls ${path}/net); next=${interfaceName}; [ $now = ${interfaceName} ] && next=${other}
      ip link set $now name $next && echo $next`);
  }

  /** Sets the NIC's interface down, as somebody with a shell would. */
  async setLinkDown({ path }: Nic): Promise<void> {
    await this.run(`ip link set $(ls ${path}/net) down`);
  }

  /** Whether it is administratively up. */
  async isLinkUp({ path }: Nic): Promise<boolean> {
    return (Number(await this.run(`cat ${path}/net/*/flags`)) & 1) === 1;
  }

  /**
   * Writes counts past the agent, as somebody with a shell would. One that runs stands still meanwhile: it would take the
   * first of two counts for the whole of it, and its own write would come between them.
   */
  async setNumVfsByHand({ path }: Nic, ...counts: number[]): Promise<void> {
    const writes = counts.map((count) => `echo ${count} > ${path}/sriov_numvfs`).join(" && ");
    await this.run(`
      pid=$(cat /run/lab/agent.pid); kill -STOP $pid || true
      until ${writes}; do usleep 20000; done
      kill -CONT $pid || true`);
  }

  /** In VF order. */
  async virtualFunctions({ path }: Nic): Promise<KernelVf[]> {
    const lines = await this.run(`
      for link in ${path}/virtfn*; do
        [ -e $link ] || continue
        echo "\${link##*virtfn} $(basename $(readlink $link)) $(basename "$(readlink $link/driver)") $(ls $link/net 2>/dev/null) $(cat $link/net/*/address 2>/dev/null)"
      done`);
    const vfs = lines.split("\n").flatMap((line) => {
      const [index, address, ...rest] = line.split(" ");
      if (address === undefined) return [];
      const [driver, interfaceName, macAddress] = rest;
      return [
        {
          ...{ index: Number(index), address },
          ...(driver && { driver }),
          ...(interfaceName && { interfaceName }),
          ...(macAddress && { macAddress }),
        },
      ];
    });
    return vfs.sort((a, b) => a.index - b.index);
  }

  /** As the kernel has it, of the interface of a PF or VF; undefined where there is no interface. */
  async mtuOf(address: string): Promise<number | undefined> {
    const text = await this.run(`cat /sys/bus/pci/devices/${address}/net/*/mtu 2>/dev/null || true`);
    return text === "" ? undefined : Number(text);
  }

  /** Sets it past the agent, as somebody with a shell would. */
  async setMtuByHand(address: string, mtu: number): Promise<void> {
    await this.run(`ip link set $(ls /sys/bus/pci/devices/${address}/net) mtu ${mtu}`);
  }

  /** What the host's udev would have found for the NIC's interface; the guest has no udev. */
  async writeUdevRecord({ path }: Nic, ...lines: readonly string[]): Promise<void> {
    const text = lines.map((line) => `${line}\\n`).join("");
    await this.run(`mkdir -p /run/udev/data && printf '${text}' >/run/udev/data/n$(cat ${path}/net/*/ifindex)`);
  }

  /** Takes a function from its driver and offers it to another; `undefined` for none. */
  async rebind(address: string, driver: string | undefined): Promise<void> {
    const path = `/sys/bus/pci/devices/${address}`;
    await this.run(`[ ! -e ${path}/driver ] || echo ${address} > ${path}/driver/unbind`);
    if (driver === undefined) return;
    await this.run(`echo ${driver} > ${path}/driver_override && echo ${address} > /sys/bus/pci/drivers_probe`);
    await this.run(`echo > ${path}/driver_override`);
  }

  /** Undoes what tests do to the interfaces of the two NICs. */
  async restoreInterfaces(): Promise<void> {
    await this.run(`
      cd /sys/class/net
      for name in *.* bond0 mgmt-bo br0; do [ ! -e $name ] || ip link del $name; done
      for nic in 1 2; do
        name=$(ls /sys/bus/pci/devices/0000:0$nic:00.0/net)
        [ ! -e $name/master ] || ip link set $name nomaster
        ip addr flush dev $name scope global
        while ip route del default dev $name 2>/dev/null; do :; done
        [ $name = enp\${nic}s0 ] || ip link set $name name enp\${nic}s0
        ip link set enp\${nic}s0 mtu 1500 up
      done`);
  }
}

function nic(number: 1 | 2): Nic {
  const address = `0000:0${number}:00.0`;
  return { number, address, interfaceName: `enp${number}s0`, path: `/sys/bus/pci/devices/${address}` };
}
