import type { LinkType, NetworkInterface } from "../kernel.js";
import type { InterfaceAddresses } from "./interface-addresses.js";
import { listDirectory, readAttribute, readLinkName, readOptionalAttribute, realPath, unlessAbsent } from "./sysfs.js";
import { alternativeNames } from "./udev-database.js";

/** What a function's interfaces are looked up in beside its own folder. */
export interface NetworkFacts {
  readonly sysRoot: string;
  /** Folder of udev's database, where alternative names are wanted: each costs two more files. */
  readonly udevData?: string;
  readonly interfaceAddresses: InterfaceAddresses;
}

/**
 * The network interfaces of the PCI device at `devicePath`, ordered by port; `undefined` where it has no folder for
 * them, which comes with the first and goes with the last. They are looked for below the device, since its address is
 * what identifies it: an interface's name may change at any time.
 */
export function readNetworkInterfaces(devicePath: string, facts: NetworkFacts): NetworkInterface[] | undefined {
  const found = readListedInterfaces(devicePath, facts);
  // One that was listed and then gone has most likely been renamed in between: udev does so right after creation.
  const settled = found?.includes(undefined) ? readListedInterfaces(devicePath, facts) : found;
  return settled
    ?.filter((candidate) => candidate !== undefined)
    .sort((a, b) => a.port - b.port || compareNames(a.name, b.name));
}

/**
 * As {@link readNetworkInterfaces}, with those of devices behind it: virtio puts a device of its own between a function
 * and its interface, and a USB host has its NICs behind hubs. Only those of this network namespace can be found.
 */
export function readInterfacesBehind(devicePath: string, facts: NetworkFacts): NetworkInterface[] {
  const own = readNetworkInterfaces(devicePath, facts) ?? [];
  const known = new Set(own.map(({ name }) => name));
  const root = realPath(devicePath);
  const behind = (listDirectory(`${facts.sysRoot}/class/net`) ?? [])
    .filter((name) => !known.has(name))
    .map((name) => ({ name, place: realPath(`${facts.sysRoot}/class/net/${name}`) }))
    .flatMap(({ name, place }) => (root !== undefined && place?.startsWith(`${root}/`) ? [{ name, place }] : []))
    .map(({ name, place }) => readInterface(place, name, facts))
    .filter((it) => it !== undefined)
    .sort((a, b) => compareNames(a.name, b.name));
  return [...own, ...behind];
}

function readListedInterfaces(devicePath: string, facts: NetworkFacts): (NetworkInterface | undefined)[] | undefined {
  return listDirectory(`${devicePath}/net`)?.map((name) => readInterface(`${devicePath}/net/${name}`, name, facts));
}

/** `undefined` where the interface is gone. */
function readInterface(path: string, name: string, facts: NetworkFacts): NetworkInterface | undefined {
  const macAddress = unlessAbsent(path, () => readAttribute(`${path}/address`));
  if (macAddress === undefined) return undefined;
  const linkState = readOptionalAttribute(`${path}/operstate`);
  const mtu = Number(readOptionalAttribute(`${path}/mtu`) ?? 0);
  const linkType = LINK_TYPES[readOptionalAttribute(`${path}/type`) ?? ""];
  return {
    name,
    ...(macAddress && { macAddress }),
    ...(linkState && { linkState }),
    port: Number(readOptionalAttribute(`${path}/dev_port`) ?? 0),
    up: (Number(readOptionalAttribute(`${path}/flags`) ?? 0) & IFF_UP) !== 0,
    ...(mtu > 0 && { mtu }),
    ...(linkType && { linkType }),
    alternativeNames: readAlternativeNames(path, name, facts),
    uppers: readUppers(facts.sysRoot, path, name),
    addresses: facts.interfaceAddresses[name] ?? [],
  };
}

export const IFF_UP = 0x1;

/** From linux/if_arp.h. */
const LINK_TYPES: Readonly<Record<string, LinkType>> = { 1: "eth", 32: "ib" };

function readAlternativeNames(path: string, name: string, { udevData }: NetworkFacts): string[] {
  const index = udevData && readOptionalAttribute(`${path}/ifindex`);
  return udevData && index ? alternativeNames(udevData, index).filter((other) => other !== name) : [];
}

/**
 * Every interface that stands on this one, nearest first. Bonds, bridges and VRFs are masters; VLANs and macvlans are
 * not, and several of them may stand on one interface: all have an `upper_<name>` link.
 */
function readUppers(sysRoot: string, interfacePath: string, name: string): string[] {
  const found = new Set([name]);
  // A set is walked in the order in which it grows, so this goes through it level by level. The kernel refuses loops,
  // but not between two of our reads.
  for (const lower of found) {
    const path = lower === name ? interfacePath : `${sysRoot}/class/net/${lower}`;
    for (const upper of readDirectUppers(path)) found.add(upper);
  }
  return [...found].slice(1);
}

function readDirectUppers(path: string): string[] {
  const entries = listDirectory(path) ?? [];
  const uppers = entries.filter((entry) => entry.startsWith(UPPER)).map((entry) => entry.slice(UPPER.length));
  const master = entries.includes("master") ? readLinkName(`${path}/master`) : undefined;
  return [...uppers, ...(master === undefined ? [] : [master])].sort();
}

const UPPER = "upper_";

/** `eth2` before `eth10`. Not `localeCompare`, whose tables alone are 2 MB of the agent's memory. */
function compareNames(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}
