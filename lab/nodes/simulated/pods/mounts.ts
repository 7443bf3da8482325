import { join } from "node:path";
import type { ContainerSpec, NodePod, Volume } from "./node-pod.js";
import type { Mounts } from "./container-words.js";

/** What a simulated node has of a host's file system. */
export interface HostFolders {
  /** Stands for `device-plugins` and `pod-resources` of whatever folder a pod takes for the kubelet's. */
  readonly kubelet: string;
  /** Stands for all else, and is empty at first. */
  readonly root: string;
}

/** Where a pod's token is in its containers. */
const TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** @param root stands for what the image holds; need not be there. */
export function mountsOf(pod: NodePod, container: ContainerSpec, host: HostFolders, root: string): Mounts {
  const mounts: Record<string, string> = { "/": root };
  for (const { name, mountPath, subPath = "" } of container.volumeMounts ?? []) {
    const path = volumeNamed(pod, name)?.hostPath?.path;
    if (path !== undefined) mounts[mountPath] = join(onHost(host, path), subPath);
  }
  return mounts;
}

/** What the container's token is to be; undefined: it has none. */
export function tokenOf(
  pod: NodePod,
  container: ContainerSpec,
): { readonly audience?: string; readonly expirationSeconds?: number } | undefined {
  const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === TOKEN_FOLDER);
  const sources = mount && volumeNamed(pod, mount.name)?.projected?.sources;
  return sources?.find((source) => source.serviceAccountToken !== undefined)?.serviceAccountToken;
}

function volumeNamed({ spec }: NodePod, name: string): Volume | undefined {
  return spec?.volumes?.find((volume) => volume.name === name);
}

function onHost(host: HostFolders, path: string): string {
  const [, ofKubelet] = /\/((?:device-plugins|pod-resources)(?:\/.*)?)$/.exec(path) ?? [];
  return ofKubelet === undefined ? join(host.root, path) : join(host.kubelet, ofKubelet);
}
