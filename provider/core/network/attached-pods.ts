import { type Pod, POD } from "../../../api/core.js";
import { NETWORK_STATUS } from "../../../api/network-attachment-definition.js";
import { isForbidden, messageOf } from "../../../kube/errors.js";
import type { Cluster } from "../cluster.js";

/** Pods that have an interface of a network now. */
export type Attached =
  | { readonly known: true; readonly pods: readonly AttachedPod[] }
  /** These credentials may not list pods. */
  | { readonly known: false; readonly why: string };

export interface AttachedPod {
  /** `<namespace>/<name>`. */
  readonly pod: string;
  /** As the pod calls it; empty where nobody tells. */
  readonly interfaceName: string;
}

/** @param attachment `<namespace>/<name>`. All networks of a run share one list of pods. */
export async function attachedPods(cluster: Cluster, attachment: string): Promise<Attached> {
  try {
    const pods = await cluster.memo("pods once", async () => (await cluster.client.list(POD)).items);
    return { known: true, pods: attachedTo(pods, attachment) };
  } catch (error) {
    if (isForbidden(error)) return { known: false, why: messageOf(error) };
    throw error;
  }
}

/** Pure. Pods that have ended have no interfaces any more, and what is no network status tells of none. */
export function attachedTo(pods: readonly Pod[], attachment: string): readonly AttachedPod[] {
  return pods
    .filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed")
    .flatMap(({ metadata }) => {
      const { namespace = "", name, annotations } = metadata;
      return networksOf(annotations?.[NETWORK_STATUS])
        .filter((network) => network["name"] === attachment)
        .map((network) => ({ pod: `${namespace}/${name}`, interfaceName: textOf(network["interface"]) }));
    })
    .sort((a, b) => (a.pod < b.pod ? -1 : a.pod > b.pod ? 1 : 0));
}

function networksOf(text: string | undefined): readonly Readonly<Record<string, unknown>>[] {
  try {
    const networks: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(networks) ? networks.filter(isObject) : [];
  } catch {
    return [];
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
