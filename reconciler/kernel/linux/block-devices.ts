import { readFileSync } from "node:fs";
import { listDirectory, readOptionalAttribute, realPath } from "./sysfs.js";

/** The node's block devices by name (`sda`, `sda1`, `dm-0`), as sysfs has them when this is made. */
export class BlockDevices {
  /** Where each really is in sysfs, which is below the device that it is a disk of. */
  readonly #places: ReadonlyMap<string, string>;
  readonly #btrfs: readonly (readonly string[])[];

  constructor(
    private readonly sysRoot: string,
    private readonly udevData?: string,
  ) {
    const names = listDirectory(`${sysRoot}/class/block`) ?? [];
    const places = names.sort().map((name) => [name, realPath(this.#pathOf(name))] as const);
    this.#places = new Map(places.filter((entry): entry is [string, string] => entry[1] !== undefined));
    this.#btrfs = (listDirectory(`${sysRoot}/fs/btrfs`) ?? []).map(
      (id) => listDirectory(`${sysRoot}/fs/btrfs/${id}/devices`) ?? [],
    );
  }

  /** Disks and partitions behind the device at this path, through any controllers, hubs and bridges in between. */
  below(devicePath: string): string[] {
    const root = realPath(devicePath);
    return root === undefined ? [] : this.#namesBelow(root);
  }

  /** Its partitions; of one path to an NVMe namespace, the disk that the kernel makes of all paths. */
  partsOf(name: string): string[] {
    const place = this.#places.get(name);
    const partitions = place === undefined ? [] : this.#namesBelow(place);
    const head = /^(nvme\d+)c\d+(n\d+)$/.exec(name);
    return head === null ? partitions : [...partitions, `${head[1]}${head[2]}`];
  }

  /** What stands on it: md, the device mapper (LVM, LUKS, multipath), bcache. */
  holdersOf(name: string): string[] {
    return (listDirectory(`${this.#pathOf(name)}/holders`) ?? []).sort();
  }

  /** Devices of the mounted btrfs that it is in, itself among them. Such a mount names one of its devices alone. */
  btrfsMembers(name: string): readonly string[] {
    return this.#btrfs.find((members) => members.includes(name)) ?? [];
  }

  /** Major and minor number, such as `259:2`. */
  numberOf(name: string): string | undefined {
    return readOptionalAttribute(`${this.#pathOf(name)}/dev`);
  }

  /** What people call it: the device mapper's name where it has one, such as `vg0-root`. */
  labelOf(name: string): string {
    return readOptionalAttribute(`${this.#pathOf(name)}/dm/name`) ?? name;
  }

  /** As udev found it. ZFS tells the kernel nothing about its disks. */
  isInZfsPool(name: string): boolean {
    if (this.udevData === undefined) return false;
    try {
      return /^E:ID_FS_TYPE=zfs_member$/m.test(readFileSync(`${this.udevData}/b${this.numberOf(name)}`, "utf8"));
    } catch {
      return false;
    }
  }

  #namesBelow(root: string): string[] {
    return [...this.#places].filter(([, place]) => place.startsWith(`${root}/`)).map(([name]) => name);
  }

  #pathOf(name: string): string {
    return `${this.sysRoot}/class/block/${name}`;
  }
}
