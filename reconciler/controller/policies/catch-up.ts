import { isDeepStrictEqual } from "node:util";
import { NODE, type Node } from "../../../api/core.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../../kube/client.js";
import type { Change } from "../../../kube/informer.js";
import type { Watches } from "../watches.js";

/**
 * Has the API server policies or labels of Nodes that the watches have not told of yet? They are taken in then. Each watch
 * tells at its own pace, and one whose connection has died tells nothing for a while: to a replica that begins to lead like
 * that, a NIC is what a policy has made it that it has never heard of.
 */
export async function catchUp(
  client: Pick<KubeClient, "list">,
  { policies, nodes }: Pick<Watches, "policies" | "nodes">,
  term: AbortSignal,
): Promise<boolean> {
  const [policyList, nodeList] = await Promise.all([
    client.list(SRIOV_NETWORK_NODE_POLICY, { signal: term }),
    client.list(NODE, { signal: term }),
  ]);
  let isNews = false;
  const ends = [
    policies.onChange(() => (isNews = true)),
    nodes.onChange((change) => (isNews ||= hasOtherLabels(change))),
  ];
  for (const policy of policyList.items) policies.observe(policy);
  for (const node of nodeList.items) nodes.observe(node);
  for (const end of ends) end();
  return isNews;
}

/** Of a Node only the labels matter here, and it is written more often than they change. */
export function hasOtherLabels(change: Change<Node>): boolean {
  if (change.kind === "gone") return true;
  return !isDeepStrictEqual(change.previous?.metadata.labels, change.object.metadata.labels);
}
