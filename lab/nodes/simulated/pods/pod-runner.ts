import { POD, type Pod } from "../../../../api/core.js";
import type { KubeClient } from "../../../../kube/client.js";
import { messageOf } from "../../../../kube/errors.js";
import type { Informer } from "../../../../kube/informer.js";
import type { KubeletStandIn } from "../../../kubelet-stand-in/kubelet.js";
import { letGo } from "./let-go.js";
import type { NodeNetwork } from "./node-network.js";
import { devicesAsked, keyOf, type NodePod } from "./node-pod.js";
import type { PodHost } from "./pod-host.js";
import { PodWorker } from "./pod-worker.js";

export interface PodRunnerParts {
  readonly client: KubeClient;
  readonly kubelet: KubeletStandIn;
  readonly pods: Informer<NodePod>;
  readonly network: NodeNetwork;
  readonly host: PodHost;
  readonly tell: (what: unknown) => void;
}

/** A pod of which nothing is left to be asked of anybody is killed this soon after SIGTERM. */
const GONE_GRACE_MS = 1_000;

/** Runs all pods of one node. */
export class PodRunner {
  /** By UID. */
  private readonly running = new Map<string, { readonly key: string; readonly worker: PodWorker; free(): void }>();
  private passing: Promise<void> = Promise.resolve();

  constructor(private readonly parts: PodRunnerParts) {}

  /** Looks at all pods, after the look that is under way. Never fails: what did is told. */
  pass(): Promise<void> {
    this.passing = this.passing.then(() => this.look()).catch(this.parts.tell);
    return this.passing;
  }

  /** Ends all processes; the pods stay as they are told. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all([...this.running.values()].map(({ worker }) => worker.stop(graceMs)));
  }

  private async look(): Promise<void> {
    const { tell } = this.parts;
    const pods = this.parts.pods.list();
    const uids = new Set(pods.map(uidOf));
    for (const [uid, { worker }] of this.running) {
      if (!uids.has(uid)) void this.forget(uid, worker.stop(GONE_GRACE_MS)).catch(tell);
    }
    for (const pod of pods) {
      const uid = uidOf(pod);
      const known = this.running.get(uid);
      known?.worker.observe(pod);
      if (pod.metadata.deletionTimestamp !== undefined) {
        void this.forget(uid, known ? known.worker.end() : letGo(this.parts.client, pod)).catch(tell);
      } else if (known === undefined && !isOver(pod)) await this.admit(pod);
    }
  }

  private async forget(uid: string, ended: Promise<void>): Promise<void> {
    await ended;
    this.running.get(uid)?.free();
    this.running.delete(uid);
  }

  private async admit(pod: NodePod): Promise<void> {
    const { client, kubelet, network, host, tell } = this.parts;
    const key = keyOf(pod);
    const deviceEnv: Record<string, string> = {};
    try {
      for (const [resource, count] of devicesAsked(pod)) {
        Object.assign(deviceEnv, (await kubelet.allocate(key, resource, count)).envs);
      }
    } catch (error) {
      kubelet.free(key);
      await this.refuse(pod, `Allocate failed due to ${messageOf(error)}, which is unexpected`);
      return;
    }
    const own = pod.spec?.hostNetwork === true ? undefined : network.take();
    const { nodeAddress } = network;
    const place = { nodeAddress, podAddress: own ?? nodeAddress };
    const telling = (what: unknown): void => tell(`${key}: ${typeof what === "string" ? what : messageOf(what)}`);
    const worker = new PodWorker(client, pod, place, host, deviceEnv, telling);
    this.running.set(uidOf(pod), {
      key,
      worker,
      free: () => {
        kubelet.free(key);
        if (own !== undefined) network.free(own);
      },
    });
    worker.start();
  }

  /** In a kubelet's words. */
  private async refuse(pod: Pod, message: string): Promise<void> {
    const { name, namespace } = pod.metadata;
    this.parts.tell(`${keyOf(pod)}: ${message}`);
    const status = { phase: "Failed", reason: "UnexpectedAdmissionError", message };
    const options = { namespace, fieldManager: "kubelet", subresource: "status" } as const;
    await this.parts.client.merge(POD, name, { status }, options);
  }
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? "";
}

function isOver({ status }: Pod): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}
