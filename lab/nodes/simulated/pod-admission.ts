import { POD, type Pod } from "../../../api/core.js";
import type { KubeClient } from "../../../kube/client.js";
import { messageOf } from "../../../kube/errors.js";
import type { Informer } from "../../../kube/informer.js";
import type { KubeletStandIn } from "../../kubelet-stand-in/kubelet.js";
import { letGo } from "./pods/let-go.js";
import { devicesAsked, keyOf, type NodePod } from "./pods/node-pod.js";

/** Gives the pods of one node the devices that they ask for, and frees those of pods that are gone. */
export class PodAdmission {
  /** Pods that have been seen, by `namespace/name`, with their UIDs: each is admitted once. */
  private readonly seen = new Map<string, string | undefined>();
  private passing: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: KubeClient,
    private readonly kubelet: KubeletStandIn,
    private readonly pods: Informer<NodePod>,
    private readonly tell: (what: unknown) => void,
  ) {}

  /** Looks at all pods, after the look that is under way. Never fails: what did is told. */
  pass(): Promise<void> {
    this.passing = this.passing.then(() => this.look()).catch(this.tell);
    return this.passing;
  }

  private async look(): Promise<void> {
    const pods = this.pods.list();
    const uids = new Map(pods.map((pod) => [keyOf(pod), pod.metadata.uid]));
    for (const [key, uid] of this.seen) {
      if (uids.has(key) && uids.get(key) === uid) continue;
      this.kubelet.free(key);
      this.seen.delete(key);
    }
    for (const pod of pods) {
      if (pod.metadata.deletionTimestamp !== undefined) await letGo(this.client, pod);
      else if (!this.seen.has(keyOf(pod))) await this.admit(pod);
    }
  }

  private async admit(pod: NodePod): Promise<void> {
    this.seen.set(keyOf(pod), pod.metadata.uid);
    try {
      for (const [resource, count] of devicesAsked(pod)) await this.kubelet.allocate(keyOf(pod), resource, count);
    } catch (error) {
      this.kubelet.free(keyOf(pod));
      // As a kubelet says it.
      const message = `Allocate failed due to ${messageOf(error)}, which is unexpected`;
      this.tell(`${keyOf(pod)}: ${message}`);
      await this.say(pod, { phase: "Failed", reason: "UnexpectedAdmissionError", message });
      return;
    }
    await this.say(pod, { phase: "Running" });
  }

  private say(pod: Pod, status: object): Promise<unknown> {
    const { name, namespace } = pod.metadata;
    const options = { namespace, fieldManager: "kubelet", subresource: "status" } as const;
    return this.client.merge(POD, name, { status }, options);
  }
}
