import { Annotation } from "../../../api/names.js";
import {
  ReadyReason,
  readyCondition,
  SRIOV_NETWORK_DEVICE,
  type SriovNetworkDevice,
} from "../../../api/sriov-network-device.js";
import type { Operation } from "../resource.js";

/**
 * Where the agent has failed at what is asked for already, has it try at once: the cause may be removed by now. It waits
 * between two tries, and does not by itself ask a driver again that has made fewer VFs. Nothing is written where the count
 * has just changed, nor where nothing has failed.
 */
export async function haveTriedAgain(
  { cluster, signal }: Pick<Operation, "cluster" | "signal">,
  device: SriovNetworkDevice,
): Promise<SriovNetworkDevice> {
  if (!hasFailed(device)) return device;
  const { name, uid } = device.metadata;
  // Not applied: an annotation that somebody else has set meanwhile is no conflict, and says the same.
  const metadata = { uid, annotations: { [Annotation.tryAgain]: new Date().toISOString() } };
  return cluster.client.merge(SRIOV_NETWORK_DEVICE, name, { metadata }, { fieldManager: FIELD_MANAGER, signal });
}

/** Of the annotation alone, until the agent has taken it away. */
const FIELD_MANAGER = "pulumi-sriov-try-again";

/** Pure: has the agent failed at what is asked for now, and is it to be tried again? */
export function hasFailed(device: SriovNetworkDevice): boolean {
  const { metadata, status } = device;
  const ready = readyCondition(device);
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0) || ready?.status !== "False") return false;
  return ready.reason === ReadyReason.KernelRefused || ready.reason === ReadyReason.NotListed;
}
