import { isDeepStrictEqual } from "node:util";
import { Annotation } from "../../../api/names.js";
import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { Drifted } from "../object-drift.js";
import type { Difference } from "../resource.js";
import type { PartialPolicyInputs, PolicyInputs } from "./policy-inputs.js";
import type { MatchedDeviceOutput, PolicyResults } from "./policy-dialect.js";
import { type PolicySettings, SETTINGS, settingsOf } from "./policy-spec.js";

/** The state of a resource: its settings, and what has come of them. */
export interface PolicyOutputs extends PolicyInputs, Drifted {
  readonly policyName: string;
  readonly namespace: string;
  readonly matchedDevices: readonly MatchedDeviceOutput[];
  /** Reason of the policy's Ready condition. */
  readonly status: string;
  /** The field manager under which this resource owns the policy. Absent of a policy that is only looked at. */
  readonly fieldManager?: string;
}

/** Pure. `settings` are the inputs that only the program knows, and those that the object has. */
export function policyOutputs(
  settings: Partial<PolicyInputs> & PolicySettings,
  { metadata }: Pick<SriovNetworkNodePolicy, "metadata">,
  results: PolicyResults,
  fieldManager: string | undefined,
): PolicyOutputs {
  return {
    ...settings,
    resourceUrn: settings.resourceUrn ?? "",
    policyName: metadata.name,
    namespace: metadata.namespace ?? "",
    matchedDevices: results.matchedDevices,
    status: results.status,
    ...(fieldManager !== undefined && { fieldManager }),
  };
}

/**
 * Pure: the state's settings as the object has them now. What the API server has filled in by itself is no setting, unless
 * there is no program that would know of it.
 */
export function refreshedSettings(
  olds: Partial<PolicyOutputs>,
  { metadata, spec }: SriovNetworkNodePolicy,
): Partial<PolicyInputs> & PolicySettings {
  const own = Object.entries(olds).filter(([name]) => !(SETTINGS as readonly string[]).includes(name));
  const { maxUnavailable, taken, ...rest } = Object.fromEntries(own) as Partial<PolicyOutputs>;
  const live = settingsOf(spec);
  const isLookup = olds.policyName === undefined;
  const settings = Object.fromEntries(
    Object.entries(live).filter(
      ([name]) => isLookup || olds[name as keyof PolicySettings] !== undefined || isSet(metadata, name),
    ),
  ) as unknown as PolicySettings;
  const limit = metadata.annotations?.[Annotation.maxUnavailable];
  const kept = maxUnavailable !== undefined && String(maxUnavailable) === limit ? maxUnavailable : limit;
  return { ...rest, ...settings, ...(kept !== undefined && { maxUnavailable: kept }) };
}

/** Has anybody set the field of the spec? */
function isSet({ managedFields = [] }: SriovNetworkNodePolicy["metadata"], field: string): boolean {
  return managedFields.some(({ fieldsV1 }) => fieldsV1?.["f:spec"]?.[`f:${field}`] !== undefined);
}

/** Pure. `olds` is the state, `news` what check made of the program's inputs. */
export function diffPolicy(
  olds: Partial<PolicyOutputs>,
  news: PartialPolicyInputs,
  unknown: ReadonlySet<string>,
): Difference {
  const differs = (name: keyof PolicyInputs): boolean =>
    unknown.has(name) || !isDeepStrictEqual(olds[name], news[name]);
  const replaces = (["policyName", "namespace"] as const).filter(differs);
  const others = ["onVfsInUse", "maxUnavailable", "forceConflicts", "kubeconfig", "context"] as const;
  const timeouts = !isDeepStrictEqual(olds.timeouts ?? {}, news.timeouts ?? {});
  const changed = replaces.length > 0 || timeouts || [...SETTINGS, ...others].some(differs);
  const unfinished = (olds.status !== undefined && !isDone(olds.status)) || olds.taken !== undefined;
  return { changed, unfinished, replaces };
}

/** Has a policy of this status come to what it is to be? */
export function isDone(status: string): boolean {
  return status === "Configured" || status === "NothingMatched";
}
