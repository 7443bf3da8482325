import { rmSync } from "node:fs";
import { join } from "node:path";
import type { KubeClient } from "../../../../kube/client.js";
import { isConflict, isNotFound } from "../../../../kube/errors.js";
import type { LabImage } from "../../../images.js";
import { startProcess, type LabProcess } from "../../../processes/lab-process.js";
import { Container, Unstartable } from "./container.js";
import { containerWords, type PodPlace } from "./container-words.js";
import { imageCommand, containerEnvironment } from "./image-process.js";
import { mountsOf, tokenOf } from "./mounts.js";
import { type ContainerSpec, NODE_POD, type NodePod } from "./node-pod.js";
import { PodCredentials } from "./pod-credentials.js";
import { letGo } from "./let-go.js";
import type { PodHost } from "./pod-host.js";
import { podStatus } from "./pod-status.js";

const RETRY_MS = 1_000;
const DEFAULT_GRACE_SECONDS = 30;

/** Runs one pod: its containers as processes, and what is said of them in its status, from its admission to its end. */
export class PodWorker {
  private readonly containers: readonly Container[];
  private readonly credentials: PodCredentials;
  private readonly startTime = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  private writing: Promise<void> | undefined;
  private stale = false;
  private ending: Promise<void> | undefined;

  constructor(
    private readonly client: KubeClient,
    private pod: NodePod,
    private readonly place: PodPlace,
    private readonly host: PodHost,
    /** Of the devices that the pod was given. */
    private readonly deviceEnv: Readonly<Record<string, string>>,
    private readonly tell: (what: unknown) => void,
  ) {
    this.credentials = new PodCredentials(client, host.caPem, pod, join(host.folder, "pods"), tell);
    this.containers = (pod.spec?.containers ?? []).map(
      (spec) =>
        new Container({
          spec,
          restartPolicy: pod.spec?.restartPolicy ?? "Always",
          address: place.podAddress,
          graceSeconds: pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS,
          begin: () => this.begin(spec),
          changed: () => this.report(),
          tell,
        }),
    );
  }

  start(): void {
    for (const container of this.containers) container.start();
    this.report();
  }

  /** What is known of the pod by now. */
  observe(pod: NodePod): void {
    this.pod = pod;
  }

  /** Ends the containers and lets go of the pod, of which the API server says that it is to be deleted. */
  end(): Promise<void> {
    return (this.ending ??= this.endNow());
  }

  /** The pod is gone from the API server, or its kubelet ends. */
  async stop(graceMs: number): Promise<void> {
    this.ending ??= Promise.resolve();
    await Promise.all(this.containers.map((container) => container.stop(graceMs)));
    this.credentials.remove();
    rmSync(this.root, { recursive: true, force: true });
  }

  private async endNow(): Promise<void> {
    const { deletionGracePeriodSeconds = DEFAULT_GRACE_SECONDS } = this.pod.metadata;
    await Promise.all(this.containers.map((container) => container.stop(deletionGracePeriodSeconds * 1_000)));
    await this.stop(0);
    this.report();
    await this.writing;
    await letGo(this.client, this.pod);
  }

  private async begin(spec: ContainerSpec): Promise<LabProcess> {
    const { pod, host, place, root } = this;
    const image = imageOf(host.images, spec, pod);
    const mounts = mountsOf(pod, spec, host.folders, root);
    const { env, args, command } = wordsOrWait(pod, spec, place, mounts, { ...host.serviceEnv, ...this.deviceEnv });
    const token = tokenOf(pod, spec);
    const server = `https://${bracketed(env["KUBERNETES_SERVICE_HOST"])}:${env["KUBERNETES_SERVICE_PORT"] ?? ""}`;
    const kubeconfig = token && (await this.credentials.kubeconfig(spec.name, token, server));
    const [program = "", ...first] = command.length > 0 ? command : imageCommand(image);
    const name = `${host.nodeName}-${pod.metadata.name}-${spec.name}`;
    return startProcess(name, program, [...first, ...args], join(host.logs, `${name}.log`), {
      env: containerEnvironment({ env, kubeconfig, kernel: host.kernel, mounts }),
    });
  }

  /** Writes the status, after the write that is under way; goes on trying while the pod is there. */
  private report(): void {
    this.stale = true;
    this.writing ??= this.write().finally(() => (this.writing = undefined));
  }

  private async write(): Promise<void> {
    while (this.stale) {
      this.stale = false;
      const { name, namespace, uid } = this.pod.metadata;
      const status = podStatus(this.pod, this.containers, this.place, this.startTime);
      const options = { namespace, fieldManager: "kubelet", subresource: "status" } as const;
      try {
        this.pod = await this.client.merge(NODE_POD, name, { metadata: { uid }, status }, options);
      } catch (error) {
        // Another pod by now, under the same name.
        if (isNotFound(error) || isConflict(error)) return;
        this.tell(error);
        this.stale = true;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Stands for what the image holds. Made by nobody. */
  private get root(): string {
    return join(this.host.folder, "root", this.pod.metadata.uid ?? this.pod.metadata.name);
  }
}

function imageOf(
  images: Readonly<Record<string, LabImage>>,
  { image = "" }: ContainerSpec,
  { spec }: NodePod,
): LabImage {
  if (spec?.initContainers !== undefined && spec.initContainers.length > 0) {
    throw new Unstartable("CreateContainerConfigError", "the simulated kubelet runs no init containers");
  }
  const found = images[image];
  if (found !== undefined) return found;
  const known = Object.keys(images).join(", ");
  const why = `Back-off pulling image "${image}": ErrImagePull: the node has ${known || "no image"}, and can pull none`;
  throw new Unstartable("ImagePullBackOff", why);
}

function wordsOrWait(...args: Parameters<typeof containerWords>): ReturnType<typeof containerWords> {
  try {
    return containerWords(...args);
  } catch (error) {
    throw new Unstartable("CreateContainerConfigError", error instanceof Error ? error.message : String(error));
  }
}

function bracketed(host = ""): string {
  return host.includes(":") ? `[${host}]` : host;
}
