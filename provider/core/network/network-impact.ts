import { isDeepStrictEqual } from "node:util";
import { describeImpact, type Impact } from "../../../plan/impact/impact.js";
import type { Operation } from "../resource.js";
import { type Attached, attachedPods } from "./attached-pods.js";
import type { PartialNetworkInputs } from "./network-inputs.js";
import { networkSpec, SPEC_INPUTS } from "./network-spec.js";

/**
 * What a change of a network does to pods: nothing to those that run, since an interface is made once, when its pod starts.
 */

/** Tells which pods are attached now, where the network is changed or gets another name. Only then are pods looked at. */
export async function foreseePods(
  { cluster, log }: Operation,
  olds: PartialNetworkInputs,
  news: PartialNetworkInputs,
  unknown: ReadonlySet<string>,
): Promise<void> {
  const { networkName, namespace = "", networkAttachmentDefinition } = olds;
  const change = changeOf(olds, news, unknown);
  if (networkName === undefined || networkAttachmentDefinition === undefined || change === undefined) return;
  const attached = await attachedPods(cluster, networkAttachmentDefinition);
  const text = describeNetworkImpact(networkImpact(`${namespace}/${networkName}`, change), attached);
  if (attached.known && attached.pods.length === 0) log.inform(text);
  else log.warn(text);
}

/** Pure. `network` is `<namespace>/<name>`. */
export function networkImpact(network: string, change: string): Impact {
  return { object: network, kind: "network", change, destroyed: 0, created: 0, inUse: [], outcome: "none" };
}

/** Pure: with the pods that are attached, as far as is known. */
function describeNetworkImpact(impact: Impact, attached: Attached): string {
  if (!attached.known) {
    const advice = `Pods that run keep what they have; which are attached cannot be told: ${attached.why}`;
    return describeImpact(impact, { advice });
  }
  if (attached.pods.length === 0) return describeImpact(impact, { advice: "No pod is attached." });
  const list = attached.pods.map(
    ({ pod, interfaceName }) => `\n  - pod ${pod}${interfaceName === "" ? "" : ` (${interfaceName})`}`,
  );
  const advice = "Pods that run keep what they have until they start anew. Attached now:";
  return describeImpact(impact, { advice }) + list.join("");
}

/** In a line; undefined where the network stays as it is. */
function changeOf(
  olds: PartialNetworkInputs,
  news: PartialNetworkInputs,
  unknown: ReadonlySet<string>,
): string | undefined {
  const moved = (["networkName", "namespace"] as const).filter(
    (name) => unknown.has(name) || olds[name] !== news[name],
  );
  if (moved.length > 0) return `replaced, with another ${moved.join(" and ")}`;
  const [before, after] = [networkSpec(olds), networkSpec(news)];
  const fields = SPEC_INPUTS.filter((name) => unknown.has(name) || !isDeepStrictEqual(before[name], after[name]));
  return fields.length === 0 ? undefined : `changed in ${fields.join(", ")}`;
}
