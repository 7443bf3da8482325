import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { isKindMissing } from "../../../kube/errors.js";
import type { Cluster } from "../cluster.js";

/** The cluster's NICs; none where nobody looks after NICs, and their kind is not there. */
export async function servedDevices(cluster: Cluster): Promise<readonly SriovNetworkDevice[]> {
  try {
    return (await cluster.devices()).list();
  } catch (error) {
    if (isKindMissing(error)) return [];
    throw error;
  }
}
