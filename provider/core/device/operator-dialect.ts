import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../../api/sriov-network-node-state.js";
import { ApiError, isNotFound } from "../../../kube/errors.js";
import type { Cluster } from "../cluster.js";
import { INSTALL_RECONCILER } from "../missing-kind.js";
import type { Operation } from "../resource.js";
import type { DeviceDialect } from "./device-dialect.js";
import { awaitCount } from "./device-wait.js";
import { OPERATOR } from "./operator-answerer.js";
import { OPERATOR_WAYS_OUT, releaseNic, takeNic } from "./operator-count.js";
import { foreseeNic } from "./operator-foresight.js";
import { nicPolicyName } from "./operator-nic-policy.js";
import { operatorView, stateNamespace } from "./operator-view.js";

/**
 * NICs of a cluster that the sriov-network-operator alone looks after: told of by its node states, and changed by a policy
 * for each, which a resource makes and owns.
 */
export const operatorDialect: DeviceDialect = {
  devices: operatorView,
  live: liveNic,
  take: takeNic,
  settle: (operation, applied, numVfs) => awaitCount(operation, applied, numVfs, OPERATOR),
  release: releaseNic,
  foresee: foreseeNic,
  waysOut: OPERATOR_WAYS_OUT,
  answerer: () => OPERATOR,
  // No label, but its state, which looking up a node goes by here.
  marksNodes: true,
  kind: SRIOV_NETWORK_NODE_STATE,
  kindAdvice: INSTALL_RECONCILER,
};

async function liveNic(
  { cluster, signal }: Pick<Operation, "cluster" | "signal">,
  name: string,
): Promise<SriovNetworkDevice> {
  const known = (await operatorView(cluster)).get(name);
  if (known !== undefined) await lookAgain(cluster, known, signal);
  const device = (await operatorView(cluster)).get(name);
  if (device !== undefined) return device;
  const message = `no SriovNetworkNodeState has a NIC of the name ${name}`;
  throw new ApiError(message, 404, { reason: "NotFound", message });
}

/** What the watch has told may be older than what somebody has just done. */
async function lookAgain(
  cluster: Cluster,
  { spec: { nodeName, address } }: SriovNetworkDevice,
  signal: AbortSignal | undefined,
): Promise<void> {
  const states = await cluster.objects(SRIOV_NETWORK_NODE_STATE);
  const namespace = stateNamespace(states.list());
  const policies = await cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace);
  const name = nicPolicyName(nodeName, address);
  const [state, policy] = await Promise.all([
    ifThere(cluster.client.get(SRIOV_NETWORK_NODE_STATE, nodeName, { namespace, signal })),
    ifThere(cluster.client.get(SRIOV_NETWORK_NODE_POLICY, name, { namespace, signal })),
  ]);
  if (state !== undefined) states.observe(state);
  const before = policies.get(name, namespace);
  if (policy !== undefined) policies.observe(policy);
  else if (before !== undefined) policies.forget(before);
}

async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
