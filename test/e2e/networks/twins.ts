import { NODE } from "../../../api/core.js";
import { type Lease, LEASE } from "../../../api/lease.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../../../api/network-attachment-definition.js";
import type { NetworkAttachmentDefinition } from "../../../api/network-attachment-definition.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import { ApiError } from "../../../kube/errors.js";
import type { LabController } from "../../../lab/controller.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { hardware, type Nic, nicOf, untilObject } from "../nics.js";
import type { Done } from "../stack.js";

/** Two NICs of one name, in two nodes, that belong to one test: what a policy is for. */
export interface Twins {
  readonly lab: Lab;
  readonly nodeNames: readonly string[];
  readonly interfaceName: string;
  /** Of the NICs in their nodes: `twin<index>`. */
  readonly index: number;
  /** What selects the two nodes. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly nics: readonly [Nic, Nic];
  /** Counts in their kernels. */
  numVfs(): Promise<number[]>;
  /** Successful writes of counts that their kernels have seen, one list a NIC. */
  writes(): Promise<number[][]>;
}

/** Nodes that a policy of these tests selects carry it. */
export const NODE_SELECTOR: Readonly<Record<string, string>> = { "test/twins": "true" };

const NICS = 40;

/** A name that no other test's NIC has: an example selects by the name alone. */
export const SERIES = "twin";

let shared: Promise<readonly [SimulatedNode, SimulatedNode]> | undefined;
let taken = 0;

/** The next two NICs of nodes that all tests share, untouched so far. A controller runs. */
export async function freshTwins(): Promise<Twins> {
  const lab = await sharedLab();
  shared ??= start(lab);
  const nodes = await shared;
  const index = taken++;
  if (index >= NICS) throw new Error(`the tests take more than ${NICS} NICs`);
  const nics = [nicOf(lab, nodes[0], index, SERIES), nicOf(lab, nodes[1], index, SERIES)] as const;
  return {
    lab,
    index,
    nics,
    nodeNames: nodes.map(({ name }) => name),
    interfaceName: nics[0].interfaceName,
    nodeSelector: NODE_SELECTOR,
    numVfs: () => Promise.all(nics.map((nic) => nic.numVfs())),
    writes: () => Promise.all(nics.map(writesTo)),
  };
}

let controller: Promise<LabController> | undefined;

/** The lab that all tests share, in which one controller runs. */
export async function controllerRuns(): Promise<Lab> {
  const lab = await sharedLab();
  controller ??= lab.startController();
  await controller;
  return lab;
}

/** Ends that controller as an eviction would, and starts another; resolves when it leads. */
export async function restartController(): Promise<void> {
  const lab = await controllerRuns();
  await (await controller)?.stop();
  controller = lab.startController();
  const { name, namespace } = await controller;
  const leads = ({ spec }: Lease): boolean => spec?.holderIdentity?.startsWith(`${name}_`) === true;
  await untilObject(lab, LEASE, "pulumi-sriov-controller", `held by ${name}`, leads, namespace);
}

async function start(lab: Lab): Promise<readonly [SimulatedNode, SimulatedNode]> {
  await controllerRuns();
  return Promise.all([addSelected(lab, "twin-a"), addSelected(lab, "twin-b")]);
}

async function addSelected(lab: Lab, name: string): Promise<SimulatedNode> {
  const node = await lab.addSimulatedNode(name, { spec: hardware(NICS, SERIES) });
  await lab.client.merge(NODE, name, { metadata: { labels: NODE_SELECTOR } }, { fieldManager: "person" });
  return node;
}

async function writesTo({ node, address }: Nic): Promise<number[]> {
  const all = await node.hardware.writes();
  return all.filter((write) => write.address === address && write.result === "ok").map(({ count }) => count);
}

/** The attachment, or undefined where there is none. */
export function attachment(lab: Lab, key: string): Promise<NetworkAttachmentDefinition | undefined> {
  const [namespace = "", name = ""] = key.split("/");
  return found(lab, NETWORK_ATTACHMENT_DEFINITION, name, namespace);
}

/** The object, or undefined where there is none. */
export async function found<T extends KubeObject>(
  lab: Lab,
  type: ResourceType<T>,
  name: string,
  namespace = RECONCILER_NAMESPACE,
): Promise<T | undefined> {
  try {
    return await lab.client.get(type, name, { namespace });
  } catch (error) {
    if (error instanceof ApiError && error.httpStatus === 404) return undefined;
    throw error;
  }
}

/** What stands on the resource's own row for people to know, without warnings. */
export function informedOf(done: Done, resource: string): string[] {
  return done.diagnostics
    .filter((diagnostic) => diagnostic.resource === resource && diagnostic.severity.startsWith("info"))
    .map(({ message }) => message);
}
