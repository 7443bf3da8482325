import type { NetworkInterface, NodeSnapshot, PhysicalFunction } from "../../kernel/kernel.js";
import { isLoopback, isSameAddress } from "./ip-address.js";

/** What the node itself and its cluster's networks stand on. */
export interface NodeNeeds {
  /** Bridges, bonds or NICs by which the node is managed. */
  readonly managementInterfaces: readonly string[];
  /** The node's own address on its connection to the API server; undefined where that is not known. */
  readonly apiServerConnection: string | undefined;
  /** Interfaces that VlanConfigs take as uplinks on this node, each with the VlanConfig's name. */
  readonly vlanUplinks: ReadonlyMap<string, string>;
}

/**
 * Why VFs of this NIC are not on offer, for people; undefined where they are. Every port counts, and whatever stands on a
 * port: its bond, the bond's bridge, VLANs on that.
 */
export function reasonToReserve(nic: PhysicalFunction, snapshot: NodeSnapshot, needs: NodeNeeds): string | undefined {
  for (const port of nic.interfaces) {
    const names = [port.name, ...port.uppers];
    for (const rule of RULES) {
      const reason = rule({ port, names, snapshot, needs });
      if (reason !== undefined) return reason;
    }
  }
  return undefined;
}

interface PortInUse {
  readonly port: NetworkInterface;
  /** The port's and what stands on it, nearest first. */
  readonly names: readonly string[];
  readonly snapshot: NodeSnapshot;
  readonly needs: NodeNeeds;
}

type Rule = (use: PortInUse) => string | undefined;

const management: Rule = ({ port, names, needs }) => {
  const found = names.find((name) => needs.managementInterfaces.includes(name));
  if (found === undefined) return undefined;
  if (found === port.name) return `${port.name} is a management interface of the node`;
  return `${port.name} belongs to the management interface ${found}`;
};

const defaultRoute: Rule = ({ port, names, snapshot }) => {
  const route = names.find((name) => snapshot.defaultRouteInterfaces.includes(name));
  return route === undefined ? undefined : `${port.name} carries the node's default route (${route})`;
};

const apiServerConnection: Rule = ({ port, names, snapshot, needs: { apiServerConnection: own } }) => {
  // By way of loopback the API server is on this same node, and no NIC carries the connection.
  if (own === undefined || isLoopback(own)) return undefined;
  const addresses = (name: string): readonly string[] => snapshot.interfaceAddresses[name] ?? [];
  const carrier = names.find((name) => addresses(name).some((address) => isSameAddress(address, own)));
  if (carrier === undefined) return undefined;
  return `${port.name} carries the node's connection to the API server (${own} on ${carrier})`;
};

const vlanUplink: Rule = ({ port, needs }) => {
  const config = needs.vlanUplinks.get(port.name);
  return config === undefined ? undefined : `${port.name} is an uplink of the VlanConfig ${config} on this node`;
};

/** The first one that applies is the one that is told. */
const RULES: readonly Rule[] = [management, defaultRoute, apiServerConnection, vlanUplink];
