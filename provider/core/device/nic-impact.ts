import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { type CountTerms, countImpact, describeCountImpact } from "../../../plan/impact/count-impact.js";
import type { Impact } from "../../../plan/impact/impact.js";
import type { VfCountPlan } from "../../../plan/vf-count.js";
import type { Cluster } from "../cluster.js";

/**
 * The change of one NIC's count in words, and what comes of it.
 *
 * @param waysOut what to do where VFs in use are in the way.
 */
export function nicImpact(
  { metadata, spec }: SriovNetworkDevice,
  plan: VfCountPlan,
  terms: CountTerms,
  waysOut: string,
): { readonly outcome: Impact["outcome"]; readonly text: string } {
  const impact = countImpact({ name: metadata.name, nodeName: spec.nodeName }, plan, terms);
  const { outcome } = impact;
  const advice = outcome === "refused" ? waysOut : outcome === "unknown" ? DRAINED : undefined;
  return { outcome, text: describeCountImpact(impact, plan, { advice }) };
}

/** Whether anybody tells who uses VFs: the sriov-network-operator does not. */
export async function tellsUsers(cluster: Cluster): Promise<boolean> {
  return (await cluster.deviceDialect()) !== "operator";
}

/** What becomes of users of whom nobody tells. */
export const DRAINED = "The sriov-network-operator drains the node first.";
