import { OPERATOR_FIELD_MANAGER } from "../../../api/names.js";
import type { SriovNetworkDevice, VfGroup } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../../api/sriov-network-node-state.js";
import { isForbidden } from "../../../kube/errors.js";
import { planPolicies } from "../../../plan/policies/plan-policies.js";
import { operatorScene } from "../policy/operator-scene.js";
import type { Operation } from "../resource.js";
import { conflictMessage } from "./field-ownership.js";
import { nicPolicyName } from "./operator-nic-policy.js";
import { stateNamespace } from "./operator-view.js";

/** Other policies that select the NIC. */
export interface Rivals {
  readonly names: readonly string[];
  /** How many VFs the NIC has by all of them together. */
  readonly numVfs: number | undefined;
  /** The labels of the NIC's node; undefined where nodes cannot be seen, or where there is no such node any more. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** Why the count is not changed to this, and what to do about it. */
  conflict(numVfs: number): string;
}

/** By the policies and nodes as they are; where these credentials may not see nodes, by what the operator has asked so far. */
export async function rivalsOf(operation: Operation, device: SriovNetworkDevice): Promise<Rivals> {
  const { name } = device.metadata;
  const own = nicPolicyName(device.spec.nodeName, device.spec.address);
  try {
    const namespace = stateNamespace((await operation.cluster.objects(SRIOV_NETWORK_NODE_STATE)).list()) ?? "";
    const { snapshot } = await operatorScene(operation, namespace);
    const others = snapshot.policies.filter((policy) => policy.name !== own);
    const plan = planPolicies({ ...snapshot, policies: others });
    const selecting = [...plan.policies.values()]
      .filter(({ matches }) => matches.some((match) => match.device === name))
      .map((policy) => policy.name);
    const labels = snapshot.nodes.find((node) => node.name === device.spec.nodeName)?.labels;
    return rivals(device, selecting, plan.devices.get(name)?.numVfs, labels);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const groups = device.spec.vfGroups ?? [];
    const selecting = [...new Set(groups.map(({ policyName }) => policyName))];
    return rivals(device, selecting, selecting.length > 0 ? device.spec.numVFS : undefined, undefined);
  }
}

function rivals(
  device: SriovNetworkDevice,
  names: readonly string[],
  numVfs: number | undefined,
  labels: Rivals["labels"],
): Rivals {
  const vfGroups = names.map((policyName): VfGroup => ({ policyName, resourceName: "", vfRange: "" }));
  const told = { ...device, spec: { ...device.spec, vfGroups, ...(numVfs !== undefined && { numVFS: numVfs }) } };
  return {
    names,
    numVfs,
    labels,
    conflict: (wanted) => conflictMessage(told, wanted, [OPERATOR_FIELD_MANAGER], "refused"),
  };
}
