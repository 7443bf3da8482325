import { NODE, type Node } from "../../api/core.js";
import { Label } from "../../api/names.js";
import type { KubeObject, ResourceType } from "../../api/object.js";
import { ReadyReason, readyCondition, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import {
  type NodeStateInterfaceStatus,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from "../../api/sriov-network-node-state.js";
import { isForbidden } from "../../kube/errors.js";
import type { Cluster } from "./cluster.js";
import { interfaceOf } from "./device/device-lookup.js";
import { servedDevices } from "./device/served-devices.js";

/** Which nodes of a cluster can have virtual functions. */
export interface SriovCapability {
  /** Whether any node has an SR-IOV capable NIC, as far as is known. */
  readonly capable: boolean;
  /** The nodes that have reported, by name. */
  readonly nodes: readonly NodeCapability[];
  /** Names of the nodes that have not reported yet, or never will, since no agent runs there. */
  readonly unreported: readonly string[];
}

export interface NodeCapability {
  readonly nodeName: string;
  readonly capable: boolean;
  /** Its SR-IOV capable NICs, ordered by address. */
  readonly devices: readonly CapableDevice[];
}

export interface CapableDevice {
  readonly interfaceName: string;
  /** PCI address. */
  readonly address: string;
  /** The most virtual functions that the NIC supports. */
  readonly totalVfs: number;
  /** How many it has. */
  readonly numVfs: number;
  /** PCI vendor and device, four hex digits each. */
  readonly vendorId: string;
  readonly deviceId: string;
  readonly driver: string;
}

/** As the nodes' agents report it, or Harvester's controller, or where the sriov-network-operator is at work, its node states. */
export async function sriovCapability(cluster: Cluster): Promise<SriovCapability> {
  if ((await cluster.dialect()) === "operator") {
    return capabilityOfStates(await listed(cluster, SRIOV_NETWORK_NODE_STATE));
  }
  const [nodes, devices] = await Promise.all([nodesIfAllowed(cluster), servedDevices(cluster)]);
  // Harvester's controller marks no nodes.
  const isMarked = (await cluster.deviceDialect()) !== "harvester";
  return nodes !== undefined && isMarked ? capabilityOfNodes(nodes, devices) : capabilityOfDevices(devices, nodes);
}

/** Pure. A node has reported once its agent has labelled it. */
export function capabilityOfNodes(nodes: readonly Node[], devices: readonly SriovNetworkDevice[]): SriovCapability {
  const label = ({ metadata }: Node): string | undefined => metadata.labels?.[Label.capable];
  const reported = nodes.filter((node) => label(node) !== undefined);
  return withSummary(
    reported.map((node) => nodeOf(node.metadata.name, devices, label(node) === "true")),
    nodes.filter((node) => !reported.includes(node)).map(({ metadata }) => metadata.name),
  );
}

/**
 * Pure: what NICs alone tell. Nodes that have none are not told from those that are silent; of `nodes`, where they can be seen,
 * these are unreported.
 */
export function capabilityOfDevices(
  devices: readonly SriovNetworkDevice[],
  nodes: readonly Node[] = [],
): SriovCapability {
  const names = new Set(devices.filter((device) => !isGone(device)).map(({ spec }) => spec.nodeName));
  return withSummary(
    [...names].map((name) => nodeOf(name, devices, true)),
    nodes.map(({ metadata }) => metadata.name).filter((name) => !names.has(name)),
  );
}

/** Pure. A state bears its node's name, and has a status once the operator's daemon has looked. */
export function capabilityOfStates(states: readonly SriovNetworkNodeState[]): SriovCapability {
  const reported = states.filter(({ status }) => status !== undefined);
  return withSummary(
    reported.map(({ metadata, status }) => {
      const devices = (status?.interfaces ?? []).filter(({ totalvfs = 0 }) => totalvfs > 0).map(interfaceDevice);
      return { nodeName: metadata.name, capable: devices.length > 0, devices };
    }),
    states.filter((state) => !reported.includes(state)).map(({ metadata }) => metadata.name),
  );
}

function withSummary(nodes: readonly NodeCapability[], unreported: readonly string[]): SriovCapability {
  const ordered = nodes
    .map((node) => ({ ...node, devices: [...node.devices].sort((a, b) => (a.address < b.address ? -1 : 1)) }))
    .sort((a, b) => (a.nodeName < b.nodeName ? -1 : 1));
  return { capable: nodes.some(({ capable }) => capable), nodes: ordered, unreported: [...unreported].sort() };
}

function nodeOf(nodeName: string, devices: readonly SriovNetworkDevice[], capable: boolean): NodeCapability {
  const own = devices.filter((device) => device.spec.nodeName === nodeName && !isGone(device));
  return { nodeName, capable, devices: own.map(deviceOf) };
}

function deviceOf(device: SriovNetworkDevice): CapableDevice {
  const { status } = device;
  return {
    interfaceName: interfaceOf(device),
    address: device.spec.address,
    totalVfs: status?.totalVFs ?? 0,
    numVfs: status?.virtualFunctions?.length ?? 0,
    vendorId: status?.vendorId ?? "",
    deviceId: status?.deviceId ?? "",
    driver: status?.driver ?? "",
  };
}

function interfaceDevice(nic: NodeStateInterfaceStatus): CapableDevice {
  return {
    interfaceName: nic.name ?? "",
    address: nic.pciAddress,
    totalVfs: nic.totalvfs ?? 0,
    numVfs: nic.numVfs ?? 0,
    vendorId: nic.vendor ?? "",
    deviceId: nic.deviceID ?? "",
    driver: nic.driver ?? "",
  };
}

function isGone(device: SriovNetworkDevice): boolean {
  return readyCondition(device)?.reason === ReadyReason.DeviceGone;
}

/** Undefined where the credentials may not list nodes. */
async function nodesIfAllowed(cluster: Cluster): Promise<readonly Node[] | undefined> {
  try {
    return await listed(cluster, NODE);
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

async function listed<T extends KubeObject>(cluster: Cluster, type: ResourceType<T>): Promise<readonly T[]> {
  return (await cluster.objects(type)).list();
}
