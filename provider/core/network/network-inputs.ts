import { isObjectName } from "../../../api/names.js";
import { networkSpecProblems } from "../../../plan/networks/network-inputs.js";
import type { InputFailure, SharedInputs } from "../resource.js";
import { timeoutsFailures } from "../timeouts.js";
import { networkSpec } from "./network-spec.js";

/** What a program gives, and what check has added to it. Names and values of the spec are v1's. */
export interface NetworkInputs extends SharedInputs {
  /** Of the object; check has chosen one where the program has not. */
  readonly networkName: string;
  readonly namespace: string;
  /** The policy whose resource name the network follows. This or `resourceName`. */
  readonly policy?: PolicyReference;
  /** Check has put the policy's here where a policy is given. */
  readonly resourceName: string;
  readonly networkNamespace?: string;
  readonly vlan?: number;
  readonly vlanQoS?: number;
  readonly vlanProto?: string;
  readonly spoofChk?: "on" | "off" | boolean;
  readonly trust?: "on" | "off" | boolean;
  readonly linkState?: string;
  /** Mbit/s. */
  readonly minTxRate?: number;
  readonly maxTxRate?: number;
  readonly ipam?: JsonInput;
  readonly capabilities?: JsonInput;
  /** One plugin or several. */
  readonly metaPlugins?: JsonInput | readonly JsonObject[];
  readonly logLevel?: string;
  readonly logFile?: string;
  /** Refuse to make a network where no node has a capable NIC. Default true. */
  readonly requireCapableNode?: boolean;
  readonly forceConflicts?: boolean;

  // Added by check.
  /** The inputs that it has chosen. */
  readonly defaults?: readonly string[];
  readonly attachmentNamespace?: string;
  /** `<namespace>/<name>` */
  readonly networkAttachmentDefinition?: string;
}

/** What a network needs to know of a policy resource. */
export interface PolicyReference {
  readonly policyName: string;
  readonly namespace: string;
  readonly resourceName: string;
}

export type JsonObject = Readonly<Record<string, unknown>>;
/** Text, or the object that it shall be. */
export type JsonInput = string | JsonObject;

/** Nothing of it is checked yet, or some of it is unknown. */
export type PartialNetworkInputs = Partial<NetworkInputs>;

/** Pure: what is wrong with the inputs by themselves. Inputs in `unknown` are not looked at. */
export function networkInputFailures(news: PartialNetworkInputs, unknown: ReadonlySet<string>): InputFailure[] {
  const failures = sourceFailures(news, unknown);
  const hasSource = failures.length === 0;
  for (const { property, reason } of networkSpecProblems({ ...networkSpec(news) })) {
    const input = property.split(/[.[]/)[0] ?? property;
    // Where no name is given, or one that is not known yet, that was said, or will be.
    if (input === "resourceName" && (!hasSource || networkSpec(news).resourceName === undefined)) continue;
    failures.push({ property: input === "resourceName" && news.policy !== undefined ? "policy" : input, reason });
  }
  const require = (property: keyof NetworkInputs, problem: (value: unknown) => string | undefined): void => {
    const reason = news[property] === undefined ? undefined : problem(news[property]);
    if (reason !== undefined) failures.push({ property, reason: `${property} ${reason}` });
  };
  require("networkName", objectNameProblem);
  require("namespace", namespaceProblem);
  require("requireCapableNode", booleanProblem);
  require("forceConflicts", booleanProblem);
  return [...failures, ...timeoutsFailures(news.timeouts)];
}

/** Where the resource name comes from: a policy, or the program itself. */
function sourceFailures(news: PartialNetworkInputs, unknown: ReadonlySet<string>): InputFailure[] {
  const given = (["policy", "resourceName"] as const).filter((name) => news[name] !== undefined || unknown.has(name));
  if (given.length !== 1) {
    const reason = `give one of policy and resourceName${given.length === 0 ? "" : ", not both"}`;
    return [{ property: "resourceName", reason }];
  }
  if (news.policy === undefined) return [];
  const { policyName, namespace, resourceName } = news.policy as Partial<PolicyReference>;
  if ([policyName, namespace, resourceName].every((part) => typeof part === "string" && part !== "")) return [];
  return [{ property: "policy", reason: "policy must be a SriovNetworkNodePolicy resource" }];
}

function objectNameProblem(value: unknown): string | undefined {
  if (typeof value === "string" && isObjectName(value)) return undefined;
  return (
    `must be a name that Kubernetes allows: up to 253 lower case letters, digits, dashes and dots, ` +
    `not ${JSON.stringify(value)}`
  );
}

function namespaceProblem(value: unknown): string | undefined {
  if (typeof value === "string" && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) return undefined;
  return `must be the name of a namespace: up to 63 lower case letters, digits and dashes, not ${JSON.stringify(value)}`;
}

function booleanProblem(value: unknown): string | undefined {
  return typeof value === "boolean" ? undefined : `must be true or false, not ${JSON.stringify(value)}`;
}
