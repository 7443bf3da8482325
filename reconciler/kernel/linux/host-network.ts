import { readFile } from "node:fs/promises";
import type { networkInterfaces } from "node:os";
import { defaultRouteInterfaces } from "./default-routes.js";
import { interfaceAddresses, type InterfaceAddresses } from "./interface-addresses.js";
import { asKernelError } from "./sysfs.js";

export interface HostNetwork {
  readonly defaultRouteInterfaces: readonly string[];
  readonly interfaceAddresses: InterfaceAddresses;
}

/**
 * Routes and addresses of the namespace that process 1 of `procRoot` is in. `<procRoot>/net` would be that of the reader,
 * which in a pod is the host's only with `hostNetwork`.
 *
 * @throws {KernelError} There is no such table, which says that `procRoot` is no procfs of the host.
 */
export async function readHostNetwork(
  procRoot: string,
  ipv4Interfaces: typeof networkInterfaces,
): Promise<HostNetwork> {
  const tables = `${procRoot}/1/net`;
  const [ipv4Routes, ipv6Routes, ipv6Interfaces] = await Promise.all([
    readTable(`${tables}/route`),
    readIpv6Table(`${tables}/ipv6_route`),
    readIpv6Table(`${tables}/if_inet6`),
  ]);
  return {
    defaultRouteInterfaces: defaultRouteInterfaces(ipv4Routes, ipv6Routes),
    interfaceAddresses: interfaceAddresses(ipv4Interfaces(), ipv4Routes, ipv6Interfaces),
  };
}

/** By libuv's pool, unlike sysfs: there are three of these, and a router's may be long. */
function readTable(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: unknown) => {
    throw asKernelError(error, path);
  });
}

/** A kernel without IPv6 has no table for it. */
async function readIpv6Table(path: string): Promise<string> {
  try {
    return await readTable(path);
  } catch (error) {
    if (asKernelError(error, path).code === "ENOENT") return "";
    throw error;
  }
}
