import { ReadyReason, readyCondition, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { waitFor, WaitTimeout } from "../../../kube/wait.js";
import type { Cluster } from "../cluster.js";
import type { PartialDeviceInputs } from "./device-inputs.js";
import { interfaceOf } from "./device-outputs.js";
import { deviceDialectOf } from "./dialect-of.js";
import { lookUpNode, type NodeSight } from "../node-lookup.js";
import type { InputFailure, Operation } from "../resource.js";
import type { Answerer } from "../silence.js";

export { interfaceOf };

/** How a program names a NIC. */
export interface DeviceKey {
  readonly nodeName: string;
  readonly interfaceName?: string | undefined;
  /** PCI address; goes before the interface's name, which can change. */
  readonly address?: string | undefined;
}

export type Lookup =
  | { readonly state: "found"; readonly device: SriovNetworkDevice }
  /** The node's agent has not reported yet, so the NIC may still be discovered. */
  | { readonly state: "unreported"; readonly why: string }
  /** The node's NICs are told of, and this is none. */
  | { readonly state: "absent"; readonly failure: InputFailure };

export async function lookUpDevice(cluster: Cluster, key: DeviceKey): Promise<Lookup> {
  const devices = (await cluster.devices()).list();
  const device = findDevice(devices, key);
  if (device !== undefined) return { state: "found", device };
  const ofNode = devices.filter((candidate) => candidate.spec.nodeName === key.nodeName);
  const node = await lookUpNode(cluster, key.nodeName);
  if (!(await deviceDialectOf(cluster)).marksNodes) return lookUpUnmarked(key, node, devices);
  // Where nodes can be seen, only the agent's word tells that it is through with all of its node's NICs.
  if (node.state === "reported" || (node.state === "unseen" && ofNode.length > 0))
    return { state: "absent", failure: absentOnNode(key, ofNode) };
  if (node.state === "absent" && !node.mayCome) return { state: "absent", failure: node.failure };
  return { state: "unreported", why: node.why };
}

/** Where nodes do not say that they are through with their NICs: one NIC tells that they are. */
function lookUpUnmarked(key: DeviceKey, node: NodeSight, devices: readonly SriovNetworkDevice[]): Lookup {
  const ofNode = devices.filter((candidate) => candidate.spec.nodeName === key.nodeName);
  if (ofNode.length > 0) return { state: "absent", failure: absentOnNode(key, ofNode) };
  if (node.state === "absent" && devices.length > 0) {
    const known = [...new Set(devices.map(({ spec }) => spec.nodeName))].sort().join(", ");
    const reason = `no node "${key.nodeName}" in the cluster; nodes with SR-IOV devices: ${known}`;
    return { state: "absent", failure: { property: "nodeName", reason } };
  }
  return { state: "unreported", why: `no SR-IOV device of node "${key.nodeName}" is known yet` };
}

/** Waits until the NIC is discovered, as long as the operation's deadline allows. @throws {Error} with the node's NICs. */
export async function awaitDevice(operation: Operation, key: DeviceKey): Promise<SriovNetworkDevice> {
  const { cluster, log, deadline, signal } = operation;
  const informer = await cluster.devices();
  for (;;) {
    const lookup = await lookUpDevice(cluster, key);
    if (lookup.state === "found") return lookup.device;
    if (lookup.state === "absent") throw new Error(lookup.failure.reason);
    log.status(`waiting until ${describeKey(key)} is discovered: ${lookup.why}`);
    try {
      return await waitFor(
        informer,
        () => {
          const device = findDevice(informer.list(), key);
          return device ? { state: "satisfied", result: device } : { state: "pending", what: lookup.why };
        },
        // Nodes are not watched: a look at them now and then tells whether waiting still makes sense.
        { deadline: Math.min(deadline, Date.now() + 2_000), signal },
      );
    } catch (error) {
      if (!(error instanceof WaitTimeout)) throw error;
      if (signal?.aborted !== true && Date.now() < deadline) continue;
      const dialect = await deviceDialectOf(cluster);
      throw notDiscovered(operation, key, lookup.why, informer.list(), dialect.answerer(key.nodeName));
    }
  }
}

/** The NIC that the resource has been about stays its NIC while the program names it the same, whatever it is called. */
export function deviceKey(
  olds: PartialDeviceInputs,
  news: PartialDeviceInputs,
): { interfaceName?: string; address?: string } {
  const same =
    olds.nodeName === news.nodeName && (olds.givenInterfaceName ?? olds.interfaceName) === news.interfaceName;
  const address = news.address ?? (same ? olds.address : undefined);
  return {
    ...(news.interfaceName !== undefined && { interfaceName: news.interfaceName }),
    ...(address !== undefined && { address }),
  };
}

export function describeDevices(devices: readonly SriovNetworkDevice[]): string {
  if (devices.length === 0) return "none";
  return devices
    .map((device) => {
      const max = device.status?.totalVFs;
      return `${interfaceOf(device)} (${device.spec.address}${max === undefined ? "" : `, at most ${max} VFs`})`;
    })
    .sort()
    .join(", ");
}

function findDevice(devices: readonly SriovNetworkDevice[], key: DeviceKey): SriovNetworkDevice | undefined {
  const matching = devices.filter(
    (device) =>
      device.spec.nodeName === key.nodeName &&
      (key.address === undefined ? interfaceOf(device) === key.interfaceName : device.spec.address === key.address),
  );
  // A NIC that was moved to another slot leaves an object under its old address, and the same name.
  return matching.find((device) => readyCondition(device)?.reason !== ReadyReason.DeviceGone) ?? matching[0];
}

function absentOnNode(key: DeviceKey, ofNode: readonly SriovNetworkDevice[]): InputFailure {
  const property = key.address === undefined ? "interfaceName" : "address";
  const wanted = key.address ?? key.interfaceName ?? "";
  const reason = `node "${key.nodeName}" has no SR-IOV device "${wanted}"; its SR-IOV devices: ${describeDevices(ofNode)}`;
  return { property, reason };
}

function notDiscovered(
  { moreTime = "" }: Operation,
  key: DeviceKey,
  why: string,
  devices: readonly SriovNetworkDevice[],
  { who, advice }: Answerer,
): Error {
  const ofNode = devices.filter((device) => device.spec.nodeName === key.nodeName);
  return new Error(
    `${describeKey(key)} was not discovered in time: ${why}. SR-IOV devices of that node: ${describeDevices(ofNode)}. ` +
      `They are for ${who} to tell: ${advice}. Nothing was created. ${moreTime}`.trim(),
  );
}

function describeKey(key: DeviceKey): string {
  return `SR-IOV device "${key.address ?? key.interfaceName ?? ""}" of node "${key.nodeName}"`;
}
