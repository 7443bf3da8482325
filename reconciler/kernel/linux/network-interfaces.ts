import type { NetworkInterface } from "../kernel.js";
import { listDirectory, readAttributeIfPresent, readLinkName, readOptionalAttribute } from "./sysfs.js";

/**
 * The network interfaces of the PCI device at `devicePath`, ordered by port; empty for a device without a network
 * driver. They are looked for below the device, since its address is what identifies it: an interface's name may change
 * at any time.
 */
export async function readNetworkInterfaces(sysRoot: string, devicePath: string): Promise<NetworkInterface[]> {
  const found = await readListedInterfaces(sysRoot, devicePath);
  // One that was listed and then gone has most likely been renamed in between: udev does so right after creation.
  const settled = found.includes(undefined) ? await readListedInterfaces(sysRoot, devicePath) : found;
  return settled
    .filter((candidate) => candidate !== undefined)
    .sort((a, b) => a.port - b.port || a.name.localeCompare(b.name, "en", { numeric: true }));
}

async function readListedInterfaces(sysRoot: string, devicePath: string): Promise<(NetworkInterface | undefined)[]> {
  const names = await listDirectory(`${devicePath}/net`);
  return Promise.all(names.map((name) => readInterface(sysRoot, `${devicePath}/net/${name}`, name)));
}

/** `undefined` where the interface is gone. */
async function readInterface(sysRoot: string, path: string, name: string): Promise<NetworkInterface | undefined> {
  const [macAddress, linkState, port, flags, uppers] = await Promise.all([
    readAttributeIfPresent(`${path}/address`),
    readOptionalAttribute(`${path}/operstate`),
    readOptionalAttribute(`${path}/dev_port`),
    readOptionalAttribute(`${path}/flags`),
    readUppers(sysRoot, path, name),
  ]);
  if (macAddress === undefined) return undefined;
  return {
    name,
    ...(macAddress && { macAddress }),
    ...(linkState && { linkState }),
    port: Number(port ?? 0),
    up: (Number(flags ?? 0) & IFF_UP) !== 0,
    uppers,
    addresses: [],
  };
}

export const IFF_UP = 0x1;

/** Bond, then bridge, then whatever that is enslaved to: nearest first. */
async function readUppers(sysRoot: string, interfacePath: string, name: string): Promise<string[]> {
  const seen = new Set([name]);
  let master = await readLinkName(`${interfacePath}/master`);
  // The kernel refuses loops, but not between two of our reads.
  while (master !== undefined && !seen.has(master)) {
    seen.add(master);
    master = await readLinkName(`${sysRoot}/class/net/${master}/master`);
  }
  return [...seen].slice(1);
}
