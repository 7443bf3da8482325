import { maxUnavailableProblem } from "./policy-inputs.js";
import { compareNames } from "./precedence.js";

export interface RollOutDevice {
  readonly device: string;
  readonly nodeName: string;
  /** Names of the policies that have a part in its plan. */
  readonly policies: readonly string[];
  /** `pending`: not asked yet. `busy`: asked, and not done. `failed`: asked, and it does not get on by itself. */
  readonly state: "done" | "pending" | "busy" | "failed";
}

/**
 * Names of the devices that may be changed now. A policy's limit (`2`, or `10%` of the nodes that it has devices on, at least
 * one) bounds on how many nodes devices are busy or failed at once; a node that is one of them may go on with its others. No
 * limit: all at once. A limit that cannot be read counts as 1.
 */
export function planRollOut(
  devices: readonly RollOutDevice[],
  limits: ReadonlyMap<string, string | undefined>,
): ReadonlySet<string> {
  const budgets = budgetsOf(devices, limits);
  const admitted = new Set<string>();
  const pending = devices.filter(({ state }) => state === "pending");
  pending.sort((a, b) => compareNames(a.nodeName, b.nodeName) || compareNames(a.device, b.device));
  for (const { device, nodeName, policies } of pending) {
    const bounding = policies.map((policy) => budgets.get(policy)).filter((budget) => budget !== undefined);
    if (!bounding.every(({ nodes, limit }) => nodes.has(nodeName) || nodes.size < limit)) continue;
    for (const { nodes } of bounding) nodes.add(nodeName);
    admitted.add(device);
  }
  return admitted;
}

interface Budget {
  readonly limit: number;
  /** Those that are being changed, or failed. */
  readonly nodes: Set<string>;
}

/** Of the policies that have a limit. */
function budgetsOf(
  devices: readonly RollOutDevice[],
  limits: ReadonlyMap<string, string | undefined>,
): ReadonlyMap<string, Budget> {
  const all = nodesByPolicy(devices);
  const occupied = nodesByPolicy(devices.filter(({ state }) => state === "busy" || state === "failed"));
  const budgets = new Map<string, Budget>();
  for (const [policy, limit] of limits) {
    if (limit === undefined) continue;
    const count = all.get(policy)?.size ?? 0;
    budgets.set(policy, { limit: nodesAtOnce(limit, count), nodes: occupied.get(policy) ?? new Set() });
  }
  return budgets;
}

function nodesByPolicy(devices: readonly RollOutDevice[]): ReadonlyMap<string, Set<string>> {
  const nodes = new Map<string, Set<string>>();
  for (const { nodeName, policies } of devices) {
    for (const policy of policies) nodes.set(policy, (nodes.get(policy) ?? new Set<string>()).add(nodeName));
  }
  return nodes;
}

function nodesAtOnce(limit: string, nodes: number): number {
  if (maxUnavailableProblem(limit) !== undefined) return 1;
  const number = Number.parseInt(limit, 10);
  return limit.endsWith("%") ? Math.max(1, Math.floor((nodes * number) / 100)) : number;
}
