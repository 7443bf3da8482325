import { readFileSync, rmSync } from "node:fs";
import { KubeClient } from "../../../kube/client.js";
import { Informer } from "../../../kube/informer.js";
import { messageOf } from "../../../kube/errors.js";
import { KubeletStandIn } from "../../kubelet-stand-in/kubelet.js";
import { PodAdmission } from "./pod-admission.js";
import { NODE_POD } from "./pods/node-pod.js";
import { reserveNetwork } from "./pods/node-network.js";
import type { PodHost } from "./pods/pod-host.js";
import { PodRunner } from "./pods/pod-runner.js";
import { registerNode } from "./pods/register-node.js";
import { reportAllocatable } from "./report-allocatable.js";

/** What `kubelet.js` reads from its file. */
export interface KubeletSettings {
  /** The kubelet's own folder, which goes with it. */
  readonly directory: string;
  readonly kubeconfig: string;
  readonly nodeName: string;
  /** What it has to run pods with; default: nothing, and it says `Running` of whatever it has given devices. */
  readonly host?: PodHost;
}

/** How long containers have when the kubelet ends. Its run gives it five seconds. */
const LAST_GRACE_MS = 3_000;

/**
 * The kubelet of a simulated node: `kubelet.js SETTINGS.json`. It takes device plugins, says in the Node's status what they offer,
 * and gives the node's pods the devices that they ask for. Where it can, it registers the Node and runs the pods' containers as
 * processes of this machine; otherwise it runs none.
 */
async function main([file]: readonly string[]): Promise<void> {
  if (file === undefined) throw new Error("usage: kubelet.js SETTINGS.json");
  const { directory, kubeconfig, nodeName, host } = JSON.parse(readFileSync(file, "utf8")) as KubeletSettings;
  const client = KubeClient.open({ kubeconfig }, "pulumi-sriov-lab-kubelet");
  const kubelet = new KubeletStandIn(directory);
  const network = host && (await reserveNetwork());
  if (network !== undefined) await registerNode(client, nodeName, network.nodeAddress);

  const pods = new Informer(client, NODE_POD, { fields: { "spec.nodeName": nodeName }, onError: tell }).start();
  const runner = host && network && new PodRunner({ client, kubelet, pods, network, host, tell });
  const worker = runner ?? new PodAdmission(client, kubelet, pods, tell);
  kubelet.onChange(reportAllocatable(client, kubelet, nodeName, tell));
  pods.onChange(() => void worker.pass());
  await kubelet.start();
  process.once("SIGTERM", () => {
    void Promise.resolve(runner?.stop(LAST_GRACE_MS)).finally(() => {
      kubelet.stop();
      rmSync(directory, { recursive: true });
      process.exit(0);
    });
  });
  await pods.synced;
  await worker.pass();
}

function tell(what: unknown): void {
  console.log(typeof what === "string" ? what : messageOf(what));
}

void main(process.argv.slice(2));
