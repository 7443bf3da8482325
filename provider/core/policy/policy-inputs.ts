import { isObjectName } from "../../../api/names.js";
import { maxUnavailableProblem, policySpecProblems } from "../../../plan/policies/policy-inputs.js";
import type { PlacedInputs } from "../object-place.js";
import type { InputFailure, SharedInputs } from "../resource.js";
import { timeoutsFailures } from "../timeouts.js";
import { asSettings, type PolicySettings, SETTINGS, specOf } from "./policy-spec.js";

/** What a program gives, and what check has added to it. */
export interface PolicyInputs extends SharedInputs, PlacedInputs, PolicySettings {
  /** Of the object; check chooses one where the program does not. */
  readonly policyName?: string;
  /** What to do where VFs that are in use would be destroyed. Default `refuse`. */
  readonly onVfsInUse?: "refuse" | "proceed";
  /** How many of the nodes may be changed at once: `2`, or `10%`. Default: all. */
  readonly maxUnavailable?: string | number;
  /** Take the object, or fields of it, from other field managers. Default false. */
  readonly forceConflicts?: boolean;
}

/** Nothing of it is checked yet, or some of it is unknown. */
export type PartialPolicyInputs = Partial<PolicyInputs>;

/** Pure: what is wrong with the inputs by themselves. Inputs in `unknown` are not looked at. */
export function policyInputFailures(news: PartialPolicyInputs, unknown: ReadonlySet<string>): InputFailure[] {
  const failures = policySpecProblems(specOf(news))
    .map(({ property, reason }) => ({ property: topLevel(property), reason: asSettings(reason) }))
    // What is not known yet is neither missing nor at odds with the rest.
    .filter(({ reason }) => ![...unknown].some((name) => reason.includes(name)));
  const require = (property: keyof PolicyInputs, problem: (value: unknown) => string | undefined): void => {
    const value = news[property];
    const reason = value === undefined ? undefined : problem(value);
    if (reason !== undefined) failures.push({ property, reason: `${property} ${reason}` });
  };
  require("policyName", nameProblem);
  require("namespace", nameProblem);
  require("onVfsInUse", (value) =>
    value === "refuse" || value === "proceed"
      ? undefined
      : `must be "refuse" or "proceed", not ${JSON.stringify(value)}`);
  require("maxUnavailable", (value) => maxUnavailableProblem(typeof value === "number" ? String(value) : value));
  require("forceConflicts", (value) =>
    typeof value === "boolean" ? undefined : `must be true or false, not ${JSON.stringify(value)}`);
  return [...failures, ...timeoutsFailures(news.timeouts)];
}

/** Are all settings known that decide which NICs the policy selects, and what it makes of them? */
export function settingsKnown(unknown: ReadonlySet<string>): boolean {
  return !SETTINGS.some((name) => unknown.has(name));
}

function nameProblem(value: unknown): string | undefined {
  if (typeof value === "string" && isObjectName(value)) return undefined;
  return `must be a name as Kubernetes has them (lower case letters, digits, - and .), not ${JSON.stringify(value)}`;
}

/** Failures are told at a resource's inputs, not within them. */
function topLevel(property: string): string {
  return property.split(/[.[]/, 1)[0] ?? property;
}
