import { rmSync } from "node:fs";
import { POD } from "../../../api/core.js";
import { KubeClient } from "../../../kube/client.js";
import { Informer } from "../../../kube/informer.js";
import { messageOf } from "../../../kube/errors.js";
import { KubeletStandIn } from "../../kubelet-stand-in/kubelet.js";
import { type NodePod, PodAdmission } from "./pod-admission.js";
import { reportAllocatable } from "./report-allocatable.js";

/**
 * The kubelet of a simulated node: `kubelet.js DIRECTORY KUBECONFIG NODE`. It takes device plugins, says in the Node's status what
 * they offer, and gives the node's pods the devices that they ask for. It runs no container. The directory goes with it.
 */
async function main([directory, kubeconfig, nodeName]: readonly string[]): Promise<void> {
  if (directory === undefined || kubeconfig === undefined || nodeName === undefined) {
    throw new Error("usage: kubelet.js DIRECTORY KUBECONFIG NODE");
  }
  const client = KubeClient.open({ kubeconfig }, "pulumi-sriov-lab-kubelet");
  const kubelet = new KubeletStandIn(directory);
  const pods = new Informer<NodePod>(client, POD, { fields: { "spec.nodeName": nodeName }, onError: tell }).start();
  const admission = new PodAdmission(client, kubelet, pods, tell);
  kubelet.onChange(reportAllocatable(client, kubelet, nodeName, tell));
  pods.onChange(() => void admission.pass());
  await kubelet.start();
  process.once("SIGTERM", () => {
    kubelet.stop();
    rmSync(directory, { recursive: true });
    process.exit(0);
  });
  await pods.synced;
  await admission.pass();
}

function tell(what: unknown): void {
  console.log(typeof what === "string" ? what : messageOf(what));
}

void main(process.argv.slice(2));
