import type { NetworkInterface, NodeSnapshot, PhysicalFunction } from "../../kernel/kernel.js";
import type { Eligibility } from "../change/report.js";
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

/** What the kernel says of the whole node. */
export type NodeNetwork = Pick<NodeSnapshot, "defaultRouteInterfaces" | "interfaceAddresses">;

/**
 * Whether VFs of this NIC are on offer, and why not, for people. Every port counts, and whatever stands on a port: its
 * bond, the bond's bridge, VLANs on that.
 */
export function eligibilityOf(
  nic: Pick<PhysicalFunction, "interfaces">,
  network: NodeNetwork,
  needs: NodeNeeds,
): Eligibility {
  for (const port of nic.interfaces) {
    const names = [port.name, ...port.uppers];
    for (const [reason, rule] of RULES) {
      const message = rule({ ...network, ...needs, port, names });
      if (message !== undefined) return { eligible: false, reason, message };
    }
  }
  return { eligible: true, reason: "Eligible", message: "the NIC may have VFs" };
}

interface PortInUse extends NodeNeeds, NodeNetwork {
  readonly port: NetworkInterface;
  /** The port's and what stands on it, nearest first. */
  readonly names: readonly string[];
}

/** Says what the port is needed for, if it is. */
type Rule = (use: PortInUse) => string | undefined;

const management: Rule = ({ port, names, managementInterfaces }) => {
  const found = names.find((name) => managementInterfaces.includes(name));
  if (found === undefined) return undefined;
  if (found === port.name) return `${port.name} is a management interface of the node`;
  return `${port.name} belongs to the management interface ${found}`;
};

const defaultRoute: Rule = ({ port, names, defaultRouteInterfaces }) => {
  const route = names.find((name) => defaultRouteInterfaces.includes(name));
  return route === undefined ? undefined : `${port.name} carries the node's default route (${route})`;
};

const apiServer: Rule = ({ port, names, interfaceAddresses, apiServerConnection: own }) => {
  // By way of loopback the API server is on this same node, and no NIC carries the connection.
  if (own === undefined || isLoopback(own)) return undefined;
  const carries = (name: string): boolean =>
    (interfaceAddresses[name] ?? []).some((address) => isSameAddress(address, own));
  const carrier = names.find(carries);
  if (carrier === undefined) return undefined;
  return `${port.name} carries the node's connection to the API server (${own} on ${carrier})`;
};

const vlanUplink: Rule = ({ port, names, vlanUplinks }) => {
  const uplink = names.find((name) => vlanUplinks.has(name));
  if (uplink === undefined) return undefined;
  const what = uplink === port.name ? port.name : `${port.name} belongs to ${uplink}, which`;
  return `${what} is an uplink of the VlanConfig ${vlanUplinks.get(uplink) ?? ""} on this node`;
};

/** By the reason that the condition Eligible gives. The first one that applies is the one that is told. */
const RULES: readonly (readonly [reason: string, Rule])[] = [
  ["ManagementInterface", management],
  ["DefaultRoute", defaultRoute],
  ["ApiServerConnection", apiServer],
  ["VlanUplink", vlanUplink],
];
