import type { KubeObject, ResourceType } from "../../../api/object.js";
import { SRIOV_NETWORK_API_VERSION } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../../api/sriov-network-node-state.js";
import { ApiError } from "../../../kube/errors.js";
import type { Cluster } from "../cluster.js";
import type { Operation } from "../resource.js";
import type { CountForesight } from "./device-dialect.js";
import { undeclaredProblem } from "./operator-count.js";
import { rivalsOf } from "./operator-rivals.js";
import { stateNamespace } from "./operator-view.js";

/** What a preview says of a change that the sriov-network-operator is to carry out. */
export async function foreseeNic(
  operation: Operation,
  device: SriovNetworkDevice,
  numVfs: number,
): Promise<CountForesight> {
  const { cluster } = operation;
  const refusal = numVfs === 0 ? undeclaredProblem(device) : (await rivalsOf(operation, device)).insistence(numVfs);
  if (refusal !== undefined) return { refusal, warnings: [] };
  if (!(await drains(cluster))) return { warnings: [] };
  const { nodeName } = device.spec;
  const drained =
    `${device.metadata.name}: the sriov-network-operator drains node ${nodeName} before it changes a NIC: other pods of the ` +
    `node may be evicted, and nodes take turns.`;
  return { warnings: [drained] };
}

interface SriovOperatorConfig extends KubeObject {
  readonly spec?: { readonly disableDrain?: boolean };
}

const SRIOV_OPERATOR_CONFIG: ResourceType<SriovOperatorConfig> = {
  apiVersion: SRIOV_NETWORK_API_VERSION,
  kind: "SriovOperatorConfig",
  plural: "sriovoperatorconfigs",
  namespaced: true,
};

/** Unless its configuration says otherwise; where that may not be seen, it is not known to. */
function drains(cluster: Cluster): Promise<boolean> {
  return cluster.memo("whether the operator drains", async () => {
    const namespace = stateNamespace((await cluster.objects(SRIOV_NETWORK_NODE_STATE)).list());
    try {
      const { spec } = await cluster.client.get(SRIOV_OPERATOR_CONFIG, "default", { namespace });
      return spec?.disableDrain !== true;
    } catch (error) {
      if (error instanceof ApiError) return true;
      throw error;
    }
  });
}
