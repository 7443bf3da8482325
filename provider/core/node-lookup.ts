import { NODE, type Node } from "../../api/core.js";
import { Label } from "../../api/names.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../api/sriov-network-node-state.js";
import { isForbidden } from "../../kube/errors.js";
import type { Cluster } from "./cluster.js";
import type { InputFailure } from "./resource.js";

/** What is known of a node, and of what its agent has said. */
export type NodeSight =
  /** Its agent is through with all of its devices. */
  | { readonly state: "reported" }
  | { readonly state: "unreported"; readonly why: string }
  /** There is none. `mayCome`: nobody has reported yet, so the reconciler, and the node with it, may still be on the way. */
  | { readonly state: "absent"; readonly failure: InputFailure; readonly mayCome: boolean; readonly why: string }
  /** The credentials may not list nodes. */
  | { readonly state: "unseen"; readonly why: string };

export async function lookUpNode(cluster: Cluster, nodeName: string): Promise<NodeSight> {
  const [nodes, reports] = await Promise.all([listNodes(cluster), reportsOf(cluster)]);
  if (nodes === undefined) {
    const why = `nodes cannot be listed with these credentials, so it is not known whether "${nodeName}" exists`;
    return { state: "unseen", why };
  }
  const node = nodes.find(({ metadata }) => metadata.name === nodeName);
  if (node !== undefined) {
    if (reports.has(node)) return { state: "reported" };
    return { state: "unreported", why: `${reports.who} on node "${nodeName}" has not reported yet` };
  }
  const reported = nodes.filter((node) => reports.has(node)).map(({ metadata }) => metadata.name);
  const reason = `no node "${nodeName}" in the cluster; nodes on which ${reports.who} has reported: ${reported.join(", ")}`;
  const why = `there is no node "${nodeName}", and ${reports.who} has not reported on any node yet`;
  return { state: "absent", failure: { property: "nodeName", reason }, mayCome: reported.length === 0, why };
}

/** Undefined where the credentials may not list nodes. */
async function listNodes(cluster: Cluster): Promise<readonly Node[] | undefined> {
  try {
    return (await cluster.client.list(NODE)).items;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** Who tells of a node's NICs, and whether it has. */
interface Reports {
  readonly who: string;
  has(node: Node): boolean;
}

async function reportsOf(cluster: Cluster): Promise<Reports> {
  if ((await cluster.deviceDialect()) !== "operator")
    return { who: "the agent", has: ({ metadata }) => metadata.labels?.[Label.capable] !== undefined };
  const states = (await cluster.objects(SRIOV_NETWORK_NODE_STATE)).list();
  const reported = new Set(states.filter(({ status }) => status !== undefined).map(({ metadata }) => metadata.name));
  return { who: "the sriov-network-operator's daemon", has: ({ metadata }) => reported.has(metadata.name) };
}
