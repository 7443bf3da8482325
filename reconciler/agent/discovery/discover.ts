import type { NodeSnapshot, PciAddress, PhysicalFunction } from "../../kernel/kernel.js";

/** Phase one: which of the node's NICs become SriovNetworkDevices, and why the others don't. Pure. */
export interface Discovery {
  readonly devices: readonly DiscoveredDevice[];
  readonly skipped: readonly SkippedDevice[];
}

export interface DiscoveredDevice {
  readonly address: PciAddress;
  /** Name of the function's first port. */
  readonly interfaceName: string;
  readonly physicalFunction: PhysicalFunction;
}

export interface SkippedDevice {
  readonly address: PciAddress;
  readonly interfaceName: string;
  /** For people: why this NIC is not listed. */
  readonly reason: string;
}

export function discover(snapshot: NodeSnapshot, managementInterfaces: readonly string[]): Discovery {
  const devices: DiscoveredDevice[] = [];
  const skipped: SkippedDevice[] = [];
  for (const physicalFunction of snapshot.physicalFunctions) {
    const { address } = physicalFunction;
    const interfaceName = physicalFunction.interfaces[0]?.name ?? "";
    const reason = reasonToSkip(physicalFunction, snapshot, managementInterfaces);
    if (reason === undefined) devices.push({ address, interfaceName, physicalFunction });
    else skipped.push({ address, interfaceName, reason });
  }
  return { devices, skipped };
}

function reasonToSkip(
  nic: PhysicalFunction,
  snapshot: NodeSnapshot,
  management: readonly string[],
): string | undefined {
  for (const port of nic.interfaces) {
    const master = port.uppers.find((name) => management.includes(name));
    if (master !== undefined) return `${port.name} belongs to the management interface ${master}`;
    const route = [port.name, ...port.uppers].find((name) => snapshot.defaultRouteInterfaces.includes(name));
    if (route !== undefined) return `${port.name} carries the node's default route (${route})`;
  }
  return undefined;
}
