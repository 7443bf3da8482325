import { NODE, type Node } from "../../../api/core.js";
import { type LeftOutNic, leftOutNicsAnnotation } from "../../../api/left-out-nic.js";
import { AGENT_FIELD_MANAGER, Annotation, Label } from "../../../api/names.js";
import type { KubeClient } from "../../../kube/client.js";

/** What the agent says on its Node. */
export interface NodeReport {
  /** At least one NIC is offered. */
  readonly capable: boolean;
  readonly leftOut: readonly LeftOutNic[];
}

/** Tells schedulers and people which NICs the node has to offer, in one write, and none where the Node says it already. */
export async function reportOnNode(client: KubeClient, node: Node, { capable, leftOut }: NodeReport): Promise<Node> {
  const labels = {
    [Label.capable]: String(capable),
    [Label.featureCapable]: capable ? "true" : null,
  };
  const annotations = { [Annotation.leftOutNics]: leftOut.length === 0 ? null : leftOutNicsAnnotation(leftOut) };
  const { metadata } = node;
  if (says(metadata.labels, labels) && says(metadata.annotations, annotations)) return node;
  const options = { fieldManager: AGENT_FIELD_MANAGER };
  return client.merge(NODE, metadata.name, { metadata: { labels, annotations } }, options);
}

/** Null stands for what must not be there. */
function says(
  present: Readonly<Record<string, string>> = {},
  wanted: Readonly<Record<string, string | null>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => (present[key] ?? null) === value);
}
