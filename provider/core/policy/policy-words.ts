import type { SriovNetworkNodePolicySpec } from "../../../api/sriov-network-node-policy.js";
import { nicCriteria, selectsNode } from "../../../plan/policies/selection.js";
import { describeChange } from "../../../plan/vf-count.js";
import { quoteAll } from "../field-manager.js";
import type { NicEffect, PolicyEffects } from "./policy-effects.js";
import type { PolicyScene } from "./policy-scene.js";

/** What a policy does, for people. */

/** NICs that nothing is wrong with are listed up to here; a preview of a thousand nodes is still to be read. */
export const MAX_LISTED = 50;

/** `selects 2 NICs:` and a line for each, or nothing where it selects none. */
export function describeSelected(name: string, { selected }: PolicyEffects): string | undefined {
  if (selected.length === 0) return undefined;
  const lines = selected.slice(0, MAX_LISTED).map((effect) => `\n  - ${describeNic(effect)}`);
  const more = selected.length > MAX_LISTED ? `\n  and ${selected.length - MAX_LISTED} more` : "";
  return `policy ${name} selects ${count(selected.length, "NIC")}:${lines.join("")}${more}`;
}

/** Where the policy is not carried out, and why; one text each. */
export function describeTroubles({ selected, lost }: PolicyEffects): string[] {
  return [...[...selected, ...lost].map(describeConflict), ...selected.map(({ problem }) => problem?.message)].filter(
    (text) => text !== undefined,
  );
}

/** Of a policy that the program leaves as it was: that NICs are otherwise, if any are. */
export function describeOtherwise(name: string, { selected, lost }: PolicyEffects): string | undefined {
  const nics = [...selected, ...lost].filter(({ change }) => change.writes.length > 0);
  if (nics.length === 0) return undefined;
  const list = nics.slice(0, MAX_LISTED).map(({ match, change }) => `\n  - ${match.device}: ${describeChange(change)}`);
  const more = nics.length > MAX_LISTED ? `\n  and ${nics.length - MAX_LISTED} more` : "";
  return (
    `policy ${name} asks for the same as before, and ${count(nics.length, "NIC")} would have another number of VFs by it. up ` +
    `leaves that so, unless an earlier up is unfinished: either the controller is at work on it, or somebody has changed the ` +
    `policy's object, which \`pulumi refresh\`, or up with --refresh, brings in:${list.join("")}${more}`
  );
}

/** Why a policy selects nothing. */
export function describeNothingSelected(name: string, spec: SriovNetworkNodePolicySpec, scene: PolicyScene): string {
  const { nodes, nics } = scene.snapshot;
  const chosen = new Set(
    nodes.filter((node) => selectsNode(nicCriteria(spec.nodeSelector, {}), node)).map((node) => node.name),
  );
  const there = nics.filter(({ nodeName }) => chosen.has(nodeName));
  const labels = Object.entries(spec.nodeSelector).map(([label, value]) => `${label}=${value}`);
  const nodesInWords = labels.length === 0 ? "" : ` with the labels ${labels.join(", ")}`;
  const why =
    chosen.size === 0
      ? `no node has the labels ${labels.join(", ")}`
      : there.length === 0
        ? `${count(chosen.size, "node")}${nodesInWords}, and none with an SR-IOV NIC that has been reported`
        : `nicSelector fits none of the ${count(there.length, "SR-IOV NIC")} of the ${count(chosen.size, "node")}${nodesInWords}`;
  return `policy ${name} selects no NIC as things are: ${why}. up goes through; NICs that fit later get their VFs then.`;
}

/** Who has set the NIC's count, so that the policy's is not carried out there. */
function describeConflict({ match, conflict }: NicEffect): string | undefined {
  if (conflict === undefined) return undefined;
  const owners = quoteAll(conflict.owners);
  return (
    `${match.device}: spec.numVFS is owned by field manager ${owners}, which has set it to ${conflict.count}, so the policy's ` +
    `number will not be carried out there. Have ${owners} let go of it, or have the policy select other NICs.`
  );
}

function describeNic({ match, change, problem, conflict }: NicEffect): string {
  const where = `${match.device} (${match.interfaceName}, ${match.address} on node ${match.nodeName})`;
  if (problem !== undefined || conflict !== undefined) return `${where}: not as asked for, see the warning`;
  const share = match.vfRange === undefined ? "" : `, ${match.vfRange} for this policy`;
  const what = change.writes.length === 0 ? `keeps its ${count(change.to, "VF")}` : describeChange(change);
  const loss = change.destroyed.length === 0 ? "" : `, which destroys ${count(change.destroyed.length, "VF")}`;
  return `${where}: ${what}${share}${loss}`;
}

/** `2 NICs`. */
export function count(number: number, what: string): string {
  return `${number} ${number === 1 ? what : `${what}s`}`;
}
