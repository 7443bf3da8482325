import { BlockDevices } from "./block-devices.js";
import type { MountedDevices } from "./mounted-devices.js";

/** What disks are looked up in. */
export interface DiskFacts {
  readonly sysRoot: string;
  /** Folder of udev's database. */
  readonly udevData?: string;
  readonly mounted: MountedDevices;
}

/**
 * In words, what the node does with the disks behind the device at `devicePath`: `nvme0n1p2 at /`, `sda1 as swap`,
 * `sda2 under vg0-root`, and so on through whatever is stacked on them.
 */
export function disksBehind(devicePath: string, { sysRoot, udevData, mounted }: DiskFacts): string[] {
  const devices = new BlockDevices(sysRoot, udevData);
  const found = new Set(devices.below(devicePath));
  const words = new Set<string>();
  // A set is walked in the order in which it grows, so this goes through what is stacked level by level.
  for (const name of found) {
    for (const part of devices.partsOf(name)) found.add(part);
    for (const holder of devices.holdersOf(name)) {
      found.add(holder);
      words.add(`${devices.labelOf(name)} under ${devices.labelOf(holder)}`);
    }
    for (const use of usesOf(name, devices, mounted)) words.add(`${devices.labelOf(name)} ${use}`);
  }
  return [...words];
}

function usesOf(name: string, devices: BlockDevices, { mounts, swaps, zfs }: MountedDevices): string[] {
  const number = devices.numberOf(name);
  const btrfs = devices.btrfsMembers(name);
  const members = new Set([name, ...btrfs]);
  const mountPoints = mounts
    .filter((mount) => mount.device === number || mount.members.some((member) => members.has(member)))
    .map(({ mountPoint }) => mountPoint);
  const isSwap = swaps.includes(name) || swaps.includes(devices.labelOf(name));
  return [
    ...mostTelling(mountPoints).map((mountPoint) => `at ${mountPoint}`),
    ...(mountPoints.length === 0 && btrfs.length > 0 ? ["in a btrfs that is mounted"] : []),
    ...(isSwap ? ["as swap"] : []),
    ...(zfs && devices.isInZfsPool(name) ? ["in a ZFS pool"] : []),
  ];
}

/** The shortest alone: a node's root is bound to as many places as there are volumes of pods on it. */
function mostTelling(mountPoints: readonly string[]): string[] {
  return [...mountPoints].sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).slice(0, 1);
}
