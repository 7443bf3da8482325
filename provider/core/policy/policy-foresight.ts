import { isDeepStrictEqual } from "node:util";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicySpec } from "../../../api/sriov-network-node-policy.js";
import { isForbidden, isKindMissing } from "../../../kube/errors.js";
import { deviceDialectOf } from "../device/dialect-of.js";
import { describeUntold } from "../../../plan/impact/untold.js";
import { missingKind } from "../missing-kind.js";
import type { InputFailure, Operation } from "../resource.js";
import { dialectOf } from "./dialect-of.js";
import { changesAny, effectsOf, type PolicyEffects } from "./policy-effects.js";
import { usersKnown } from "./operator-vf-users.js";
import { changeImpacts, describeGains, describeLosses, refusalOf } from "./policy-impact.js";
import { type PartialPolicyInputs, settingsKnown } from "./policy-inputs.js";
import { diffPolicy } from "./policy-outputs.js";
import type { PolicyScene } from "./policy-scene.js";
import { specOf } from "./policy-spec.js";
import { describeNothingSelected, describeOtherwise, describeSelected, describeTroubles } from "./policy-words.js";
import { foreseeReplacedPolicy, withoutReplaced } from "./replaced-policy.js";

/** A change of the program, to inputs that nothing is wrong with by themselves. */
interface Change {
  /** As the last check left them; empty for a new resource. */
  readonly olds: PartialPolicyInputs;
  readonly news: PartialPolicyInputs;
  readonly unknown: ReadonlySet<string>;
  readonly name: string;
  readonly spec: SriovNetworkNodePolicySpec;
}

/** Tells what the policy is going to do, as far as that can be known, and refuses what up is certain to refuse. */
export async function foreseePolicy(
  operation: Operation,
  olds: PartialPolicyInputs,
  news: PartialPolicyInputs,
  unknown: ReadonlySet<string>,
): Promise<readonly InputFailure[]> {
  const { policyName: name, namespace } = news;
  if (name === undefined || namespace === undefined || !settingsKnown(unknown)) return [];
  const { log, cluster } = operation;
  try {
    const scene = await (await dialectOf(cluster)).scene(operation, namespace);
    // Nothing is wrong with it, so all is there that must be.
    const spec = specOf(news) as SriovNetworkNodePolicySpec;
    const change = { olds, news, unknown, name, spec };
    const isReplaced = olds.policyName !== undefined && olds.policyName !== name && olds.namespace === namespace;
    // The engine has a replacement checked again, as a new resource; what is left to tell here is what goes for it.
    if (isReplaced) return await foreseeReplacedPolicy(operation, scene, olds, { ...news, policyName: name }, spec);
    return await foreseeChange(operation, await withoutReplaced(operation, scene, news), change);
  } catch (error) {
    if (isKindMissing(error)) {
      const { message } = error;
      const kind = missingKind(SRIOV_NETWORK_NODE_POLICY);
      log.warn(
        `${kind} up fails unless something that it installs first, such as the reconciler, brings it. (${message})`,
      );
    } else if (isForbidden(error)) log.warn(describeUntold("which NICs the policy selects", error.message));
    else throw error;
    return [];
  }
}

async function foreseeChange(
  operation: Operation,
  scene: PolicyScene,
  { olds, news, unknown, name, spec }: Change,
): Promise<readonly InputFailure[]> {
  const { log } = operation;
  const effects = effectsOf(scene, name, spec);
  const isCarriedOut = olds.policyName === undefined || diffPolicy(olds, news, unknown).changed;
  const selected = describeSelected(name, effects);
  // Where all stays as it is, there is nothing to be told of it.
  const isNews = !isDeepStrictEqual(specOf(olds), spec) || (isCarriedOut && changesAny(effects));
  if (selected !== undefined && isNews) log.inform(selected);
  if (effects.selected.length === 0) log.warn(describeNothingSelected(name, spec, scene));
  for (const trouble of describeTroubles(effects)) log.warn(trouble);
  if (isCarriedOut) return foreseeImpact(operation, effects, { olds, news, unknown, name, spec });
  const otherwise = describeOtherwise(name, effects);
  if (otherwise !== undefined) log.warn(otherwise);
  return [];
}

async function foreseeImpact(
  { cluster, log }: Operation,
  effects: PolicyEffects,
  { olds, news, unknown, name }: Change,
): Promise<readonly InputFailure[]> {
  const isKnown = await usersKnown(cluster, [...effects.selected, ...effects.lost]);
  const impacts = changeImpacts(effects, { onVfsInUse: news.onVfsInUse, usersKnown: isKnown });
  const refusal = refusalOf(name, impacts, (await deviceDialectOf(cluster)).waysOut);
  if (refusal !== undefined && !unknown.has("onVfsInUse")) {
    return [{ property: olds.numVfs === news.numVfs ? "" : "numVfs", reason: refusal }];
  }
  for (const loss of describeLosses(impacts)) log.warn(loss);
  const gains = describeGains(impacts);
  if (gains !== undefined) log.inform(gains);
  return [];
}
