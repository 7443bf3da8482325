import { isDeepStrictEqual } from "node:util";
import type { Difference } from "../resource.js";
import { NetworkReason } from "../../../api/sriov-network.js";
import type { PartialNetworkInputs } from "./network-inputs.js";
import type { NetworkOutputs } from "./network-outputs.js";
import { networkSpec, SPEC_INPUTS } from "./network-spec.js";

/**
 * Pure. `olds` is the state, `news` what check made of the program's inputs. Two ways to write one spec, JSON as text and as
 * an object say, are no difference.
 */
export function diffNetwork(
  olds: Partial<NetworkOutputs>,
  news: PartialNetworkInputs,
  unknown: ReadonlySet<string>,
): Difference {
  const differs = (name: keyof PartialNetworkInputs): boolean =>
    unknown.has(name) || !isDeepStrictEqual(olds[name], news[name]);
  const replaces = (["networkName", "namespace"] as const).filter(differs);
  const spec =
    SPEC_INPUTS.some((name) => unknown.has(name)) || !isDeepStrictEqual(networkSpec(olds), networkSpec(news));
  const followed =
    unknown.has("policy") ||
    olds.policy?.policyName !== news.policy?.policyName ||
    olds.policy?.namespace !== news.policy?.namespace;
  const settings = ["requireCapableNode", "forceConflicts", "kubeconfig", "context"] as const;
  const timeouts = !isDeepStrictEqual(olds.timeouts ?? {}, news.timeouts ?? {});
  const changed = replaces.length > 0 || spec || followed || timeouts || settings.some(differs);
  const isUnattached = olds.status !== undefined && olds.status !== NetworkReason.Attached;
  const unfinished = isUnattached || olds.taken !== undefined;
  return { changed, unfinished, replaces };
}
