import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { KubeClient } from "../../../../kube/client.js";
import { isForbidden } from "../../../../kube/errors.js";
import { renderKubeconfig } from "../../../control-plane/kubeconfig.js";
import { writePrivateFiles } from "../../../control-plane/private-files.js";
import type { NodePod } from "./node-pod.js";

export interface TokenWanted {
  readonly audience?: string;
  readonly expirationSeconds?: number;
}

/** Of its life, as kubelets do it. */
const RENEWED_AFTER = 0.8;
const RETRY_MS = 5_000;
const ATTEMPTS = 20;
const SOON_MS = 50;

interface TokenAnswer {
  readonly status: { readonly token: string };
}

/**
 * A pod's token, which the kubelet gets as kubelets do: bound to the pod, and so to its node. It is in a kubeconfig, since a
 * process has no `/var/run/secrets` of its own, and written anew before it ends.
 */
export class PodCredentials {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly folder: string;

  /** @param folder where the pods of the node have theirs. */
  constructor(
    private readonly client: KubeClient,
    private readonly caPem: string,
    private readonly pod: NodePod,
    folder: string,
    private readonly tell: (what: unknown) => void,
  ) {
    this.folder = join(folder, pod.metadata.uid ?? pod.metadata.name);
  }

  /** Path of a kubeconfig for a container of the pod. @throws {ApiError} */
  async kubeconfig(container: string, wanted: TokenWanted, server: string): Promise<string> {
    const { spec: { serviceAccountName: name = "default" } = {}, metadata } = this.pod;
    const { audience, expirationSeconds = 3_600 } = wanted;
    const token = await this.request(name, {
      expirationSeconds,
      ...(audience !== undefined && { audiences: [audience] }),
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name: metadata.name, uid: metadata.uid },
    });
    const file = `${container}.kubeconfig`;
    const { caPem } = this;
    const content = renderKubeconfig({ server, caPem, user: name, credentials: { token } });
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writePrivateFiles(this.folder, { [file]: content });
    this.renewIn(expirationSeconds * 1_000 * RENEWED_AFTER, container, wanted, server);
    return join(this.folder, file);
  }

  /** The API server learns a moment after the pod's arrival that this node may ask for its token. */
  private async request(account: string, spec: object): Promise<string> {
    const path = `/api/v1/namespaces/${this.pod.metadata.namespace ?? ""}/serviceaccounts/${account}/token`;
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = (await this.client.raw({ method: "POST", path, body })) as TokenAnswer;
        return answer.status.token;
      } catch (error) {
        if (!isForbidden(error) || attempt === ATTEMPTS) throw error;
        await delay(SOON_MS);
      }
    }
  }

  /** The pod has ended. */
  remove(): void {
    for (const timer of this.timers) clearTimeout(timer);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private renewIn(ms: number, container: string, wanted: TokenWanted, server: string): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.kubeconfig(container, wanted, server).catch((error: unknown) => {
        this.tell(error);
        this.renewIn(RETRY_MS, container, wanted, server);
      });
    }, ms);
    this.timers.add(timer);
  }
}
