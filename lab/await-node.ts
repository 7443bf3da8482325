import { Label } from "../api/names.js";
import { NODE, type Node } from "../api/core.js";
import type { KubeClient } from "../kube/client.js";
import { Informer } from "../kube/informer.js";
import { waitFor } from "../kube/wait.js";
import { FIELD_MANAGER } from "./install-contract.js";
import type { LabNode } from "./nodes/lab-node.js";
import type { RealNode } from "./nodes/real-node.js";

/** How long an agent may take to report after its process was started; a guest's is slow. */
const REPORT_MS = 180_000;

/** How long containerd and a kubelet may take to start in a guest, and the import of images between them. */
const READY_MS = 480_000;

/** Resolves when the node's agent has reported. */
export async function awaitReport(client: KubeClient, node: LabNode): Promise<void> {
  const what = `the agent of ${node.name} has not reported; its log is ${node.agentLog}`;
  const hasReported = ({ metadata }: Node): boolean => metadata.labels?.[Label.capable] !== undefined;
  await awaitNode(client, node.name, hasReported, what, REPORT_MS);
}

/**
 * Resolves when the guest's kubelet has said, since its last boot, that it is ready for pods. A condition from before says
 * nothing, and stays until the kubelet has another.
 */
export async function awaitGuest(client: KubeClient, node: RealNode): Promise<void> {
  const boot = await node.guest.read("/proc/sys/kernel/random/boot_id");
  const what = `the kubelet of ${node.name} is not ready; its log is ${node.agentLog.replace("-agent.", "-kubelet.")}`;
  const isSo = (it: Node): boolean => it.status?.nodeInfo?.bootID === boot && isReady(it);
  await letPodsCome(client, await awaitNode(client, node.name, isSo, what, READY_MS));
}

/** Resolves when the node's kubelet has said that it is ready for pods. */
export async function awaitKubelet(client: KubeClient, name: string, log: string): Promise<void> {
  const what = `the kubelet of ${name} is not ready; its log is ${log}`;
  await letPodsCome(client, await awaitNode(client, name, isReady, what, READY_MS));
}

interface TaintedNode extends Node {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
}

/** What the API server gives to every new Node, and no kubelet may take away. */
const NOT_READY = "node.kubernetes.io/not-ready";

/** In place of the controller that watches over Nodes, which the lab does without. */
async function letPodsCome(client: KubeClient, { metadata: { name }, spec }: TaintedNode): Promise<void> {
  const { taints = [] } = spec ?? {};
  const others = taints.filter(({ key }) => key !== NOT_READY);
  if (others.length === taints.length) return;
  await client.merge(NODE, name, { spec: { taints: others } }, { fieldManager: FIELD_MANAGER });
}

function isReady({ status }: Node): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True");
}

async function awaitNode(
  client: KubeClient,
  name: string,
  isAsWanted: (node: Node) => boolean,
  what: string,
  patienceMs: number,
): Promise<TaintedNode> {
  const informer = new Informer<TaintedNode>(client, NODE, { fields: { "metadata.name": name } }).start();
  try {
    await informer.synced;
    return await waitFor(
      informer,
      () => {
        const node = informer.get(name);
        return node !== undefined && isAsWanted(node)
          ? { state: "satisfied", result: node }
          : { state: "pending", what };
      },
      { deadline: Date.now() + patienceMs },
    );
  } finally {
    await informer.stop();
  }
}
