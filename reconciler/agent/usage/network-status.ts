import type { Pod } from "../../../api/core.js";
import { NETWORK_STATUS } from "../../../api/network-attachment-definition.js";
import { isPciAddress, type PciAddress } from "../../kernel/kernel.js";

/**
 * The PCI functions that the pod's networks are made of, by the device information specification of the Network Plumbing
 * Working Group; none where the annotation is missing.
 *
 * @throws {SyntaxError | TypeError} The annotation is not what the specification asks for.
 */
export function networkDevices(pod: Pod): PciAddress[] {
  const text = pod.metadata.annotations?.[NETWORK_STATUS];
  if (text === undefined || text === "") return [];
  const networks: unknown = JSON.parse(text);
  if (!Array.isArray(networks)) throw new TypeError("it is no list of networks");
  return networks.flatMap((network) => addressesIn(field(network, "device-info")));
}

/** The type (`pci`, `vdpa`, `vhost-user`, …) is the name of the section that tells of the device, its address included. */
function addressesIn(deviceInfo: unknown): PciAddress[] {
  if (typeof deviceInfo !== "object" || deviceInfo === null) return [];
  return Object.values(deviceInfo)
    .map((section) => field(section, "pci-address"))
    .filter((address) => typeof address === "string")
    .map((address) => address.toLowerCase())
    .filter(isPciAddress);
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
