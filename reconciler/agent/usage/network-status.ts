import type { Pod } from "../../../api/core.js";
import { isPciAddress, type PciAddress } from "../../kernel/kernel.js";

/**
 * Where Multus, by way of the CNI plugins, tells what networks a pod got (Network Plumbing Working Group's
 * multi-network specification), and of each the device behind it (its device information specification).
 */
export const NETWORK_STATUS = "k8s.v1.cni.cncf.io/network-status";

/**
 * The PCI functions that the pod's networks are made of; none where the annotation is missing.
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
