import { OPERATOR_FIELD_MANAGER } from "../../../api/names.js";
import type { SriovNetworkDevice, VfGroup } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../../api/sriov-network-node-state.js";
import type { SriovNetworkNodePolicySpec } from "../../../api/sriov-network-node-policy.js";
import { isForbidden } from "../../../kube/errors.js";
import { planPolicies } from "../../../plan/policies/plan-policies.js";
import { operatorScene } from "../policy/operator-scene.js";
import type { Operation } from "../resource.js";
import { quoteAll } from "../field-manager.js";
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
  /** Why not even a policy of the NIC's own would give it this count, and what to do about it; or nothing. */
  insistence(numVfs: number): string | undefined;
}

/** By the policies and nodes as they are; where these credentials may not see nodes, by what the operator has asked so far. */
export async function rivalsOf(operation: Operation, device: SriovNetworkDevice): Promise<Rivals> {
  const { nodeName, address } = device.spec;
  const own = nicPolicyName(nodeName, address);
  try {
    const namespace = stateNamespace((await operation.cluster.objects(SRIOV_NETWORK_NODE_STATE)).list()) ?? "";
    const { snapshot } = await operatorScene(operation, namespace);
    // The NIC itself keeps the name that it had when its policy was made.
    const isNic = (nic: { readonly nodeName: string; readonly address: string }): boolean =>
      nic.nodeName === nodeName && nic.address === address;
    const seenAs = snapshot.nics.find(isNic)?.device ?? device.metadata.name;
    const others = snapshot.policies.filter((policy) => policy.name !== own);
    const plan = planPolicies({ ...snapshot, policies: others });
    const selecting = [...plan.policies.values()]
      .filter(({ matches }) => matches.some(isNic))
      .map((policy) => policy.name);
    const labels = snapshot.nodes.find((node) => node.name === nodeName)?.labels;
    const insistence = (numVfs: number): string | undefined => {
      if (selecting.length === 0 || numVfs === 0) return undefined;
      const policies = [...others, { name: own, spec: { ...OVERRULING, ...selectorOf(device), numVfs } }];
      const { devices, policies: planned } = planPolicies({ ...snapshot, policies });
      const outcome = devices.get(seenAs)?.numVfs ?? numVfs;
      const match = planned.get(own)?.matches.find(isNic);
      if (outcome === numVfs && match?.problem?.kind !== "overlap") return undefined;
      return insists(device.metadata.name, selecting, numVfs, outcome);
    };
    return { ...rivals(device, selecting, plan.devices.get(seenAs)?.numVfs, labels), insistence };
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
    insistence: () => undefined,
  };
}

/** As the NIC's own policy would be, of which only this matters to others. */
const OVERRULING = { resourceName: "pulumi_sriov", nodeSelector: {}, priority: 0 };

function selectorOf({ spec }: SriovNetworkDevice): Pick<SriovNetworkNodePolicySpec, "nicSelector"> {
  return { nicSelector: { rootDevices: [spec.address] } };
}

function insists(name: string, policies: readonly string[], numVfs: number, outcome: number): string {
  const rule =
    outcome === numVfs
      ? "of policies of priority 0 the last by name goes before"
      : `a NIC whose VFs several policies have gets as many as the one asks for that wants most, ${outcome}`;
  return (
    `${name}: SriovNetworkNodePolicy ${quoteAll(policies)} cannot be overruled with ${numVfs} VFs by forceConflicts: with the ` +
    `sriov-network-operator, ${rule}. Change numVfs there, or have ${policies.length > 1 ? "them" : "it"} select other NICs.`
  );
}
