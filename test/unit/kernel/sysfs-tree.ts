import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir, type NetworkInterfaceInfo } from "node:os";
import { dirname, join, resolve } from "node:path";

/** A `/sys` and `/proc` of files and links in a directory of its own, without a PCI bus and without routes. */
export class SysfsTree {
  readonly root = mkdtempSync(join(tmpdir(), "sysfs-"));
  readonly sysRoot = join(this.root, "sys");
  readonly procRoot = join(this.root, "proc");
  /** Not there before a record is; the machine's own is not to show. */
  readonly udevData = join(this.root, "run/udev/data");
  /** By name; the machine's own are not to show. */
  readonly ipv4Addresses: Record<string, readonly string[]> = {};

  constructor() {
    this.directory("/sys/class/net");
    this.file("/proc/1/net/route", IPV4_ROUTES);
    this.mounted();
  }

  readonly ipv4Interfaces = (): NodeJS.Dict<NetworkInterfaceInfo[]> =>
    Object.fromEntries(
      Object.entries(this.ipv4Addresses).map(([name, of]) => [
        name,
        of.map((address): NetworkInterfaceInfo => {
          const internal = address.startsWith("127.");
          return { address, family: "IPv4", internal, netmask: "255.255.255.0", mac: "", cidr: `${address}/24` };
        }),
      ]),
    );

  /** As captured from a real kernel: `boot`, `four-vfs`, `vfio-and-seven` or `first-zero`. */
  static captured(state: string): SysfsTree {
    const tree = new SysfsTree();
    const fixture = resolve(__dirname, "../../../../test/fixtures/sysfs-igb", `${state}.tsv`);
    for (const line of readFileSync(fixture, "utf8").split("\n")) {
      const [kind, path = "", content = ""] = line.split("\t");
      if (kind === "file") tree.file(path, content);
      if (kind === "link") tree.link(path, content);
    }
    return tree;
  }

  /** With the newline that ends every attribute. Returns where it is. */
  file(path: string, content: string): string {
    const place = this.#make(path);
    writeFileSync(place, `${content}\n`);
    return place;
  }

  link(path: string, target: string): void {
    symlinkSync(target, this.#make(path));
  }

  /** Without that newline. */
  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8").trimEnd();
  }

  directory(path: string): string {
    const place = join(this.root, path);
    mkdirSync(place, { recursive: true });
    return place;
  }

  /** A PF that is complete, without VFs; `attributes` add to it or replace. */
  nic(address: string, attributes: Readonly<Record<string, string>> = {}): void {
    const complete = { sriov_totalvfs: "63", vendor: "0x8086", device: "0x10fb", class: "0x020000", ...attributes };
    for (const [name, value] of Object.entries(complete)) this.file(`${device(address)}/${name}`, value);
  }

  /** A function of any kind, of this class. */
  function(address: string, classId: string): void {
    for (const [name, value] of Object.entries({ vendor: "0x8086", device: "0xa282", class: classId })) {
      this.file(`${device(address)}/${name}`, value);
    }
  }

  /** VF `index` of `nic`; where it is missing, the link of the PF leads nowhere. */
  virtualFunction(nic: string, index: number, address: string, { missing = false } = {}): void {
    this.link(`${device(nic)}/virtfn${index}`, `../${address}`);
    if (missing) return;
    const attributes = { vendor: "0x8086", device: "0x10ed", class: "0x020000" };
    for (const [name, value] of Object.entries(attributes)) this.file(`${device(address)}/${name}`, value);
    this.link(`${device(address)}/physfn`, `../${nic}`);
  }

  interface(address: string, name: string, attributes: Readonly<Record<string, string>> = {}): void {
    const complete = { address: "52:54:00:12:34:56", operstate: "up", dev_port: "0", ...attributes };
    for (const [attribute, value] of Object.entries(complete)) {
      this.file(`${device(address)}/net/${name}/${attribute}`, value);
    }
    this.link(`/sys/class/net/${name}`, `../../bus/pci/devices/${address}/net/${name}`);
  }

  /** As a virtio NIC has it: the function has a device of the virtio bus, and that one the interface. */
  virtioInterface(address: string, virtio: string, name: string): void {
    this.file(`${device(address)}/${virtio}/net/${name}/address`, "52:54:00:12:34:56");
    this.link(`/sys/class/net/${name}`, `../../bus/pci/devices/${address}/${virtio}/net/${name}`);
  }

  /** What udev's rules found for the interface with this index, line by line. */
  udevRecord(interfaceIndex: number, ...lines: readonly string[]): void {
    this.file(`/run/udev/data/n${interfaceIndex}`, lines.join("\n"));
  }

  /** A bond, a bridge: an interface without a device. */
  virtualInterface(name: string): void {
    this.directory(`/sys/devices/virtual/net/${name}`);
    this.link(`/sys/class/net/${name}`, `../../devices/virtual/net/${name}`);
  }

  enslave(name: string, master: string): void {
    this.link(`/sys/class/net/${name}/master`, `../${master}`);
    this.stack(master, name);
  }

  /** As a VLAN or a macvlan stands on an interface, without being its master. */
  stack(upper: string, lower: string): void {
    this.link(`/sys/class/net/${lower}/upper_${upper}`, `../${upper}`);
  }

  /** A disk or partition, in the folder of the device that it is a disk of or of the disk that it is a part of. */
  disk(folder: string, name: string, number: string): void {
    this.file(`${folder}/${name}/dev`, number);
    this.link(`/sys/class/block/${name}`, `../../..${folder}/${name}`);
  }

  /** A disk that stands on others, as md and the device mapper make them, the latter with a name. */
  stackedDisk(name: string, number: string, lowers: readonly string[], label?: string): void {
    this.disk("/sys/devices/virtual/block", name, number);
    if (label !== undefined) this.file(`/sys/devices/virtual/block/${name}/dm/name`, label);
    for (const lower of lowers) {
      this.link(`/sys/class/block/${lower}/holders/${name}`, `../../../../virtual/block/${name}`);
    }
  }

  /** The mounts of the node's first process, such as {@link mount} makes, and nothing else. */
  mounted(...mounts: readonly string[]): void {
    this.file("/proc/1/mountinfo", [mount("0:22", "/sys", "sysfs", "sysfs"), ...mounts].join("\n"));
  }

  /** Rows as `/proc/net/route` has them, such as {@link ipv4Route} makes. */
  routes(...rows: readonly string[]): void {
    this.file("/proc/1/net/route", [IPV4_ROUTES, ...rows].join("\n"));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #make(path: string): string {
    const place = join(this.root, path);
    mkdirSync(dirname(place), { recursive: true });
    return place;
  }
}

export function device(address: string): string {
  return `/sys/bus/pci/devices/${address}`;
}

const IPV4_ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT";

/** One row of `/proc/net/route`; numbers in hex, addresses in the byte order of the machine. */
export function ipv4Route(name: string, destination: string, mask: string, flags = "0001"): string {
  return [name, destination, "00000000", flags, 0, 0, 0, mask, 0, 0, 0].join("\t");
}

/** One row of `/proc/1/mountinfo`, with one of the optional fields of which there may be any number. */
export function mount(number: string, mountPoint: string, source: string, type = "ext4"): string {
  return `36 35 ${number} / ${mountPoint} rw,noatime master:1 - ${type} ${source} rw,errors=continue`;
}
