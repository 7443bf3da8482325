import { readFile } from "node:fs/promises";
import { ifAbsent } from "./sysfs.js";

/** Names of the interfaces that carry a default route, each once, in the network namespace of this process. */
export async function readDefaultRouteInterfaces(procRoot: string): Promise<string[]> {
  const [ipv4, ipv6] = await Promise.all([readTable(`${procRoot}/net/route`), readTable(`${procRoot}/net/ipv6_route`)]);
  return [...new Set([...defaultRoutesIPv4(ipv4), ...defaultRoutesIPv6(ipv6)])];
}

/** From `/proc/net/route`: interface, destination, gateway, flags, three counters, mask, …; numbers in hex. */
export function defaultRoutesIPv4(table: string): string[] {
  return rows(table)
    .slice(1)
    .filter((row) => row[1] === "00000000" && row[7] === "00000000" && isUsable(row[3]))
    .map((row) => row[0] ?? "");
}

/** From `/proc/net/ipv6_route`: destination, its prefix length, source, its length, …, flags, interface; no header. */
export function defaultRoutesIPv6(table: string): string[] {
  return rows(table)
    .filter((row) => /^0{32}$/.test(row[0] ?? "") && row[1] === "00" && isUsable(row[8]))
    .map((row) => row[9] ?? "")
    .filter((name) => name !== "lo");
}

function rows(table: string): string[][] {
  return table
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim().split(/\s+/));
}

const RTF_UP = 0x0001;
const RTF_REJECT = 0x0200;

function isUsable(flags: string | undefined): boolean {
  const bits = parseInt(flags ?? "0", 16);
  return (bits & RTF_UP) !== 0 && (bits & RTF_REJECT) === 0;
}

/** A kernel without IPv6 has no table for it. */
function readTable(path: string): Promise<string> {
  return readFile(path, "utf8").catch(ifAbsent(path, ""));
}
