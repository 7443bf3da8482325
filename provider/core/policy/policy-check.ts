import { checkOnCluster, clusterFailure } from "../cluster-check.js";
import { defaultNamespace, withDefaults } from "../object-place.js";
import { defaultObjectName } from "../owned-object.js";
import type { Checked, Operation } from "../resource.js";
import { foreseePolicy } from "./policy-foresight.js";
import { type PartialPolicyInputs, policyInputFailures, type PolicyInputs } from "./policy-inputs.js";

/**
 * Looks at the inputs, chooses a name and a namespace where the program gives none, and tells which NICs the policy selects
 * now, what becomes of each, and what stands in the way.
 *
 * @param olds the inputs as the last check left them; empty for a new resource.
 */
export async function checkPolicy(
  operation: () => Operation,
  olds: PartialPolicyInputs,
  news: PartialPolicyInputs,
  unknown: ReadonlySet<string>,
): Promise<Checked<PolicyInputs>> {
  const failures = policyInputFailures(news, unknown);
  if (failures.length > 0 || unknown.has("kubeconfig") || unknown.has("context")) return { inputs: news, failures };
  try {
    const looking = operation();
    return await checkOnCluster<PolicyInputs>(looking, olds, news, async (known) => {
      const inputs = await withDefaults(olds, known, unknown, {
        policyName: () => defaultObjectName(news.resourceUrn ?? ""),
        namespace: () => defaultNamespace(looking.cluster),
      });
      return { inputs, failures: await foreseePolicy(looking, olds, inputs, unknown) };
    });
  } catch (error) {
    return { inputs: news, failures: [clusterFailure(error)] };
  }
}
