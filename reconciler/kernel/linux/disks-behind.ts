import { realpathSync } from "node:fs";
import type { MountedDevices } from "./mounted-devices.js";
import { listDirectory, readOptionalAttribute, unlessAbsent } from "./sysfs.js";

/**
 * In words, what the node does with the disks behind the device at `devicePath`: `nvme0n1p2 at /`, `sda1 as swap`,
 * `sda2 under vg0-root`, and so on through what is stacked on them.
 */
export function disksBehind(sysRoot: string, devicePath: string, mounted: MountedDevices): string[] {
  const found = new Set(blockDevicesBelow(sysRoot, devicePath));
  // A set is walked in the order in which it grows, so this goes through what is stacked level by level.
  return [...found].flatMap((name) => usesOf(sysRoot, name, mounted));
}

function blockDevicesBelow(sysRoot: string, devicePath: string): string[] {
  const root = unlessAbsent(devicePath, () => realpathSync(devicePath));
  const names = listDirectory(`${sysRoot}/class/block`) ?? [];
  return names.filter((name) => {
    const path = `${sysRoot}/class/block/${name}`;
    return root !== undefined && unlessAbsent(path, () => realpathSync(path))?.startsWith(`${root}/`) === true;
  });
}

function usesOf(sysRoot: string, name: string, { mounts, swaps }: MountedDevices): string[] {
  const device = readOptionalAttribute(`${sysRoot}/class/block/${name}/dev`);
  const [mount] = mounts.filter((it) => it.device === device);
  return [
    ...(mount === undefined ? [] : [`${name} at ${mount.mountPoint}`]),
    ...(swaps.includes(name) ? [`${name} as swap`] : []),
  ];
}
