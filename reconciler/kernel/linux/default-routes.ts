import { RTF_REJECT, RTF_UP, rows } from "./proc-tables.js";

/** Names of the interfaces that carry a default route, each once. */
export function defaultRouteInterfaces(ipv4Routes: string, ipv6Routes: string): string[] {
  return [...new Set([...defaultRoutesIPv4(ipv4Routes), ...defaultRoutesIPv6(ipv6Routes)])];
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

function isUsable(flags: string | undefined): boolean {
  const bits = parseInt(flags ?? "0", 16);
  return (bits & RTF_UP) !== 0 && (bits & RTF_REJECT) === 0;
}
