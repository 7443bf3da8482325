import { AGENT_FIELD_MANAGER, Label } from "../../../api/names.js";
import { NODE, type Node } from "../../../api/core.js";
import type { KubeClient } from "../../../kube/client.js";

/** Tells schedulers and people whether the node has an SR-IOV capable NIC; writes only where a label differs. */
export async function labelNode(client: KubeClient, node: Node, capable: boolean): Promise<Node> {
  const wanted: Readonly<Record<string, string | null>> = {
    [Label.capable]: String(capable),
    [Label.featureCapable]: capable ? "true" : null,
  };
  const labels = node.metadata.labels ?? {};
  const differs = Object.entries(wanted).some(([label, value]) => (labels[label] ?? null) !== value);
  if (!differs) return node;
  const options = { fieldManager: AGENT_FIELD_MANAGER };
  return client.merge(NODE, node.metadata.name, { metadata: { labels: wanted } }, options);
}
