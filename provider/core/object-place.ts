import { RECONCILER_NAMESPACE } from "../../api/names.js";
import { SRIOV_NETWORK_NODE_STATE } from "../../api/sriov-network-node-state.js";
import type { Cluster } from "./cluster.js";

/** Inputs of a resource that chooses names for its object where the program gives none. */
export interface PlacedInputs {
  readonly namespace?: string;
  /** Added by check: the inputs that it has chosen. */
  readonly defaults?: readonly string[];
}

/**
 * The inputs with those that the program leaves out. What was chosen once stays chosen: a resource that is called otherwise
 * later, with an alias, keeps its object. Inputs in `unknown` are given, though not known yet.
 */
export async function withDefaults<Inputs extends PlacedInputs>(
  olds: Partial<Inputs>,
  news: Partial<Inputs>,
  unknown: ReadonlySet<string>,
  choose: Partial<Record<keyof Inputs & string, () => string | Promise<string>>>,
): Promise<Partial<Inputs>> {
  const chosen: Record<string, unknown> = {};
  for (const [name, choice] of Object.entries(choose) as [keyof Inputs & string, () => string | Promise<string>][]) {
    if (news[name] !== undefined || unknown.has(name)) continue;
    const before = olds.defaults?.includes(name) === true ? olds[name] : undefined;
    chosen[name] = before ?? (await choice());
  }
  return { ...news, ...(chosen as Partial<Inputs>), defaults: Object.keys(chosen) };
}

/** Where policies and networks count: the operator's namespace where it is at work, else the reconciler's. */
export async function defaultNamespace(cluster: Cluster): Promise<string> {
  if ((await cluster.dialect()) === "own") return RECONCILER_NAMESPACE;
  const [state] = (await cluster.objects(SRIOV_NETWORK_NODE_STATE)).list();
  if (state?.metadata.namespace !== undefined) return state.metadata.namespace;
  throw new Error(
    "the sriov-network-operator has no SriovNetworkNodeState here yet, so its namespace is not known: give `namespace`",
  );
}
