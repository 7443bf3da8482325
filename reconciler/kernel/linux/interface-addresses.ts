import { SocketAddress } from "node:net";
import type { networkInterfaces } from "node:os";
import { RTF_GATEWAY, RTF_REJECT, RTF_UP, rows } from "./proc-tables.js";

/** By interface name. */
export type InterfaceAddresses = Readonly<Record<string, readonly string[]>>;

/**
 * IP addresses of the node's interfaces, without link-local ones and the loopback's.
 *
 * IPv6 addresses come from `/proc/net/if_inet6`. Procfs has no such table for IPv4, so those are what getifaddrs tells
 * through Node; but Node leaves out interfaces without a carrier. The kernel has a route to the network of each address,
 * carrier or not, so that network, such as `192.0.2.0/24`, stands for the address of such an interface.
 */
export function interfaceAddresses(
  ipv4Interfaces: ReturnType<typeof networkInterfaces>,
  ipv4Routes: string,
  ipv6Interfaces: string,
): InterfaceAddresses {
  // Without a prototype, since an interface may be called `constructor`.
  const addresses = Object.create(null) as Record<string, string[]>;
  const add = (name: string, address: string): void => {
    (addresses[name] ??= []).push(address);
  };
  for (const [name, of] of Object.entries(ipv4Interfaces)) {
    for (const { address, family, internal } of of ?? []) {
      if (family === "IPv4" && !internal && !isLinkLocal(address)) add(name, address);
    }
  }
  const seen = new Set(Object.keys(addresses));
  for (const [name, network] of connectedNetworks(ipv4Routes)) if (!seen.has(name)) add(name, network);
  for (const [name, address] of ipv6Addresses(ipv6Interfaces)) add(name, address);
  return addresses;
}

type Named = readonly [name: string, address: string];

/** From `/proc/net/route`, the networks that an interface reaches without a gateway. */
export function connectedNetworks(table: string): Named[] {
  return rows(table)
    .slice(1)
    .flatMap(([name = "", destination = "", , flags = "0", , , , mask = ""]): Named[] => {
      const bits = parseInt(flags, 16);
      const connected = (bits & RTF_UP) !== 0 && (bits & (RTF_GATEWAY | RTF_REJECT)) === 0;
      const prefix = prefixLength(mask);
      const network = dotted(destination);
      return connected && prefix > 0 && !isLinkLocal(network) ? [[name, `${network}/${prefix}`]] : [];
    });
}

/** From `/proc/net/if_inet6`: address, index, prefix length, scope, flags, interface; all in hex; no header. */
export function ipv6Addresses(table: string): Named[] {
  return rows(table).flatMap(([digits = "", , , scope = "", , name = ""]): Named[] => {
    if (!/^[0-9a-f]{32}$/.test(digits) || scope === SCOPE_LINK || scope === SCOPE_HOST) return [];
    const address = (digits.match(/.{4}/g) ?? []).join(":");
    return [[name, new SocketAddress({ address, family: "ipv6" }).address]];
  });
}

const SCOPE_HOST = "10";
const SCOPE_LINK = "20";

function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.");
}

/** The kernel prints an IPv4 address as a number of the machine's own byte order: `000200C0` for 192.0.2.0. */
function dotted(hex: string): string {
  return (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => parseInt(byte, 16))
    .join(".");
}

function prefixLength(mask: string): number {
  return parseInt(mask, 16).toString(2).replaceAll("0", "").length;
}
