import { NODE, type Node } from "../api/core.js";
import type { KubeClient } from "../kube/client.js";
import { Informer } from "../kube/informer.js";
import { waitFor } from "../kube/wait.js";

const READY_MS = 60_000;

/** What the API server gives to every new Node, and the controller that watches over Nodes takes away. */
const TAINT = "node.kubernetes.io/not-ready";

/**
 * Resolves when the node's kubelet has said that it is ready, and the scheduler may give pods to the node: in place of the
 * controller that watches over Nodes, which the lab has switched off.
 */
export async function untilPodsMayCome(client: KubeClient, name: string, log: string): Promise<void> {
  const informer = new Informer<TaintedNode>(client, NODE, { fields: { "metadata.name": name } }).start();
  try {
    await informer.synced;
    const node = await waitFor(
      informer,
      () => {
        const found = informer.get(name);
        return found !== undefined && isReady(found)
          ? { state: "satisfied", result: found }
          : { state: "pending", what: `the kubelet of ${name} is not ready; its log is ${log}` };
      },
      { deadline: Date.now() + READY_MS },
    );
    await removeTaint(client, node);
  } finally {
    await informer.stop();
  }
}

interface TaintedNode extends Node {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
}

async function removeTaint(client: KubeClient, { metadata: { name }, spec }: TaintedNode): Promise<void> {
  const { taints = [] } = spec ?? {};
  const others = taints.filter(({ key }) => key !== TAINT);
  if (others.length === taints.length) return;
  await client.merge(NODE, name, { spec: { taints: others } }, { fieldManager: "pulumi-sriov-lab" });
}

function isReady({ status }: Node): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True");
}
