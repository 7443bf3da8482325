import type { KubeletNode } from "../../nodes/kubelet/kubelet-node.js";
import { table } from "../../table.js";

/** A VF as the node's own kernel has it. */
export type KernelVf = Readonly<Record<"vf" | "address" | "driver" | "interface" | "MAC address", string>>;

/** A NIC as the node's own kernel has it. */
export class NicOnNode {
  constructor(
    readonly node: KubeletNode,
    readonly address: string,
  ) {}

  get name(): string {
    return `${this.node.name} ${this.address}`;
  }

  numVfs(): Promise<number> {
    return this.node.numVfs(this.address);
  }

  /** In VF order. The emulated NIC gives a VF another MAC address each time that it is made. */
  async virtualFunctions(): Promise<KernelVf[]> {
    const { stdout } = await this.node.guest.exec(`
      for link in /sys/bus/pci/devices/${this.address}/virtfn*; do
        [ -e $link ] || continue
        echo "\${link##*virtfn} $(basename $(readlink $link)) $(basename "$(readlink $link/driver)") $(ls $link/net 2>/dev/null) $(cat $link/net/*/address 2>/dev/null)"
      done`);
    const lines = stdout.split("\n").filter((line) => line !== "");
    const vfs = lines.map((line) => {
      const [vf = "", address = "", driver = "", name = "", mac = ""] = line.split(" ");
      return { vf, address, driver, interface: name, "MAC address": mac };
    });
    return vfs.sort((a, b) => Number(a.vf) - Number(b.vf));
  }
}

/** Prints the NIC's VFs, and returns them. Throws where they are not so many. */
export async function showVfs(nic: NicOnNode, expected: number): Promise<KernelVf[]> {
  const [count, vfs] = [await nic.numVfs(), await nic.virtualFunctions()];
  console.log(`\n${nic.node.name}'s kernel: ${nic.address} has sriov_numvfs ${count}`);
  if (vfs.length > 0) console.log(table(vfs));
  if (count !== expected) throw new Error(`${nic.name} has ${count} VFs in the kernel, not ${expected}`);
  return vfs;
}
