import { randomUUID } from "node:crypto";
import { arch } from "node:os";
import { NODE, type Node } from "../../../../api/core.js";
import type { KubeClient } from "../../../../kube/client.js";
import { isConflict } from "../../../../kube/errors.js";

const FIELD_MANAGER = "kubelet";

/** What a pod may ask for; more than anybody does, since nothing here is counted by a kernel. */
const RESOURCES = { cpu: "8", memory: "16Gi", pods: "110", "ephemeral-storage": "10Gi" };

/** Makes the Node as a kubelet does, or takes over the one that is there, and says that it is ready for pods. */
export async function registerNode(client: KubeClient, nodeName: string, address: string): Promise<void> {
  const architecture = arch() === "x64" ? "amd64" : arch();
  const labels = {
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture,
    "kubernetes.io/hostname": nodeName,
  };
  try {
    await client.create<Node>(NODE, { metadata: { name: nodeName, labels } }, { fieldManager: FIELD_MANAGER });
  } catch (error) {
    if (!isConflict(error)) throw error;
    await client.merge(NODE, nodeName, { metadata: { labels } }, { fieldManager: FIELD_MANAGER });
  }
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const status = {
    capacity: RESOURCES,
    allocatable: RESOURCES,
    addresses: [
      { type: "InternalIP", address },
      { type: "Hostname", address: nodeName },
    ],
    conditions: [condition("Ready", "True", "KubeletReady", "the simulated kubelet is ready for pods", now)],
    nodeInfo: {
      machineID: "",
      systemUUID: "",
      bootID: randomUUID(),
      kernelVersion: "simulated",
      osImage: "simulated",
      containerRuntimeVersion: "process://0",
      kubeletVersion: "simulated",
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture,
    },
  };
  await client.merge(NODE, nodeName, { status }, { fieldManager: FIELD_MANAGER, subresource: "status" });
}

function condition(type: string, status: string, reason: string, message: string, now: string): object {
  return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: now };
}
