import { type Pod, POD } from "../../../api/core.js";
import { KubeVirtLabel } from "../../../api/kubevirt.js";
import { NETWORK_STATUS } from "../../../api/network-attachment-definition.js";
import { isForbidden } from "../../../kube/errors.js";
import type { Informer } from "../../../kube/informer.js";
import type { Cluster } from "../cluster.js";

/**
 * Who uses VFs on a cluster of the sriov-network-operator, which does not tell: pods, by what Multus leaves on them of the
 * networks that they got. A pod that was given a VF without a network, or under another CNI plugin than these, is not seen.
 */
export interface VfUsers {
  /** In words, several joined with ", "; undefined where nobody is known to. */
  of(nodeName: string, address: string): string | undefined;
  readonly pods: Pick<Informer<Pod>, "onChange">;
}

/** Undefined where the credentials may not list pods. */
export async function vfUsers(cluster: Cluster): Promise<VfUsers | undefined> {
  try {
    const pods = await cluster.objects(POD, undefined, onlyNetworks);
    let users: ReadonlyMap<string, string> | undefined;
    pods.onChange(() => (users = undefined));
    return { pods, of: (nodeName, address) => (users ??= byFunction(pods.list())).get(`${nodeName}/${address}`) };
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** A cluster has many pods, and of most of them there is nothing to know. */
function onlyNetworks({ metadata, spec, status }: Pod): Pod {
  const { name, namespace, uid, resourceVersion, labels, annotations } = metadata;
  const networks = annotations?.[NETWORK_STATUS];
  const identity = {
    name,
    ...(namespace && { namespace }),
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
  };
  if (networks === undefined) return { metadata: identity };
  return {
    metadata: { ...identity, annotations: { [NETWORK_STATUS]: networks }, ...(labels && { labels }) },
    spec: { ...(spec?.nodeName && { nodeName: spec.nodeName }) },
    status: { ...(status?.phase && { phase: status.phase }) },
  };
}

/** Who has each function, by `<node>/<address>`. */
function byFunction(pods: readonly Pod[]): ReadonlyMap<string, string> {
  const held = pods
    .filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed")
    .flatMap((pod) =>
      addressesOf(pod).map((address) => ({ key: `${pod.spec?.nodeName ?? ""}/${address}`, user: words(pod) })),
    );
  const users = [...Map.groupBy(held, ({ key }) => key)];
  return new Map(users.map(([key, all]) => [key, [...new Set(all.map(({ user }) => user))].sort().join(", ")]));
}

/** PCI addresses of the devices behind a pod's networks; none of what cannot be read. */
function addressesOf({ metadata }: Pod): readonly string[] {
  try {
    const networks: unknown = JSON.parse(metadata.annotations?.[NETWORK_STATUS] ?? "[]");
    return (Array.isArray(networks) ? networks : []).flatMap((network) =>
      Object.values(Object(field(network, "device-info")) as Record<string, unknown>).flatMap((section) => {
        const address = field(section, "pci-address");
        return typeof address === "string" ? [address.toLowerCase()] : [];
      }),
    );
  } catch {
    return [];
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** A pod that a virtual machine runs in is told as the machine: that is what people know. */
function words({ metadata: { name, namespace = "", labels } }: Pod): string {
  const machine = labels?.[KubeVirtLabel.component] === "virt-launcher" ? labels[KubeVirtLabel.machineName] : undefined;
  return machine === undefined ? `pod ${namespace}/${name}` : `virtual machine ${namespace}/${machine}`;
}
