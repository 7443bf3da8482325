import type { Guest, Nic } from "../agent/guest.js";

/** A VF as its physical function has it: what the VF itself can neither see nor change. */
export interface VfSettings {
  readonly macAddress: string;
  /** 0: none. */
  readonly vlan: number;
  readonly qos: number;
  readonly spoofChk: boolean;
  readonly trust: boolean;
  /** Mbit/s; 0: no limit. */
  readonly maxTxRate: number;
}

export interface Link {
  readonly name: string;
  readonly macAddress: string;
  readonly mtu: number;
  readonly isUp: boolean;
  /** PCI address. */
  readonly device: string;
}

/** By netlink, of the guest's kernel. */
export async function vfSettings(guest: Guest, nic: Nic, index: number): Promise<VfSettings> {
  const [link] = await links(guest, `show dev ${nic.interfaceName}`);
  const vf = link?.vfinfo_list?.find((entry) => entry.vf === index);
  if (vf === undefined) throw new Error(`${nic.interfaceName} has no VF ${index}: ${JSON.stringify(link)}`);
  const [{ vlan = 0, qos = 0 } = {}] = vf.vlan_list ?? [];
  const { address: macAddress, spoofchk: spoofChk, trust } = vf;
  return { macAddress, vlan, qos, spoofChk, trust, maxTxRate: vf.rate?.max_tx ?? 0 };
}

/** The network interfaces of a named namespace, of devices alone. */
export async function linksIn(guest: Guest, namespace: string): Promise<Link[]> {
  const found = await links(guest, "show", `-n ${namespace}`);
  return found.flatMap(({ ifname, address, mtu, flags, parentdev }) =>
    parentdev === undefined
      ? []
      : [{ name: ifname, macAddress: address, mtu, isUp: flags.includes("UP"), device: parentdev }],
  );
}

/** Of iproute2's JSON, what is read here. */
interface IpLink {
  readonly ifname: string;
  readonly address: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly parentdev?: string;
  readonly vfinfo_list?: readonly {
    readonly vf: number;
    readonly address: string;
    readonly vlan_list?: readonly { readonly vlan?: number; readonly qos?: number }[];
    readonly spoofchk: boolean;
    readonly trust: boolean;
    readonly rate?: { readonly max_tx?: number };
  }[];
}

async function links(guest: Guest, what: string, options = ""): Promise<IpLink[]> {
  return JSON.parse(await guest.run(`/usr/sbin/ip ${options} -d -j link ${what}`)) as IpLink[];
}
