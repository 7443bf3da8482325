import { isDeepStrictEqual } from "node:util";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicySpec } from "../../../api/sriov-network-node-policy.js";
import { isForbidden, isKindMissing } from "../../../kube/errors.js";
import { checkOnCluster, clusterFailure } from "../cluster-check.js";
import { missingKind } from "../missing-kind.js";
import { defaultNamespace, withDefaults } from "../object-place.js";
import { defaultObjectName } from "../owned-object.js";
import type { Checked, Operation } from "../resource.js";
import { dialectOf } from "./dialect-of.js";
import { changesAny, effectsOf } from "./policy-effects.js";
import { type PartialPolicyInputs, policyInputFailures, type PolicyInputs, settingsKnown } from "./policy-inputs.js";
import { specOf } from "./policy-spec.js";
import { describeNothingSelected, describeSelected, describeTroubles } from "./policy-words.js";
import { withoutReplaced } from "./replaced-policy.js";

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
      await foresee(looking, olds, inputs, unknown);
      return { inputs, failures: [] };
    });
  } catch (error) {
    return { inputs: news, failures: [clusterFailure(error)] };
  }
}

/** Tells what the policy is going to do, as far as that can be known. */
async function foresee(
  operation: Operation,
  olds: PartialPolicyInputs,
  inputs: PartialPolicyInputs,
  unknown: ReadonlySet<string>,
): Promise<void> {
  const { policyName, namespace } = inputs;
  if (policyName === undefined || namespace === undefined || !settingsKnown(unknown)) return;
  const { log } = operation;
  try {
    // Nothing is wrong with it, so all is there that must be.
    const spec = specOf(inputs) as SriovNetworkNodePolicySpec;
    const dialect = await dialectOf(operation.cluster);
    const scene = await withoutReplaced(operation, await dialect.scene(operation, namespace), inputs);
    const effects = effectsOf(scene, policyName, spec);
    const selected = describeSelected(policyName, effects);
    // Where all stays as it is, there is nothing to be told of it.
    if (selected !== undefined && (changesAny(effects) || !isDeepStrictEqual(specOf(olds), spec))) log.inform(selected);
    if (effects.selected.length === 0) log.warn(describeNothingSelected(policyName, spec, scene));
    for (const trouble of describeTroubles(effects, inputs.onVfsInUse)) log.warn(trouble);
  } catch (error) {
    if (isKindMissing(error)) {
      const { message } = error;
      const kind = missingKind(SRIOV_NETWORK_NODE_POLICY);
      log.warn(
        `${kind} up fails unless something that it installs first, such as the reconciler, brings it. (${message})`,
      );
    } else if (isForbidden(error)) log.warn(`which NICs the policy selects cannot be told: ${error.message}`);
    else throw error;
  }
}
