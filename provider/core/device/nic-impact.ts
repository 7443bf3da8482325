import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { type CountTerms, countImpact, describeCountImpact } from "../../../plan/impact/count-impact.js";
import type { Impact } from "../../../plan/impact/impact.js";
import type { VfCountPlan } from "../../../plan/vf-count.js";
import type { Cluster } from "../cluster.js";
import { vfUsers } from "./operator-users.js";

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
  return { outcome, text: describeCountImpact(impact, plan, { advice: outcome === "refused" ? waysOut : undefined }) };
}

/** Whether anybody tells who uses VFs: on a cluster of the sriov-network-operator pods do, to those who may list them. */
export async function tellsUsers(cluster: Cluster, { destroyed }: VfCountPlan): Promise<boolean> {
  if (destroyed.length === 0 || (await cluster.deviceDialect()) !== "operator") return true;
  return (await vfUsers(cluster)) !== undefined;
}
