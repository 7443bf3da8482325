import { call, type CallOptions } from "./call.js";
import { listPodResources } from "./pod-resources-api.js";

/** Devices of one resource that the kubelet has given to a container of a pod. */
export interface Allocation {
  readonly namespace: string;
  readonly pod: string;
  /** Such as `intel.com/sriov_net`. */
  readonly resource: string;
  /** As the device plugin names its devices: mostly PCI addresses, for VFs. */
  readonly ids: readonly string[];
}

/**
 * What the kubelet has given to the node's pods. `options.socket` is that of its pod-resources API.
 *
 * @throws {GrpcError}
 */
export async function listAllocations(options: CallOptions): Promise<Allocation[]> {
  const { pods } = await call(listPodResources, {}, options);
  return pods.flatMap(({ namespace, name: pod, containers }) =>
    containers.flatMap(({ devices }) => devices.map(({ resource, ids }) => ({ namespace, pod, resource, ids }))),
  );
}
