import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { messageOf } from "../kube/errors.js";
import type { Cluster } from "../provider/core/cluster.js";
import type { Operation } from "../provider/core/resource.js";
import { type KnownInputs, knownInputs } from "./known-inputs.js";
import { maxVfsPerNic } from "./max-vfs-per-nic.js";
import { pfPassthrough } from "./pf-passthrough.js";
import { usedVfsDestroyed } from "./vfs-in-use.js";

/** One rule: what is wrong with a resource, in sentences. */
export interface Rule {
  readonly policy: Omit<ResourceValidationPolicy, "validateResource">;
  /** Types that it looks at, such as `SriovNetworkDevice`. */
  readonly types: readonly string[];
  violations(resource: LookedAt): Promise<readonly string[]> | readonly string[];
}

/** A resource that the program declares. */
export interface LookedAt extends KnownInputs {
  readonly type: string;
  /** Access to its cluster; all that is said goes to `log`. @throws where there is no such access. */
  operation(log: Operation["log"]): Operation;
  /** What the rule is configured with, defaults included where the engine has put them there. */
  readonly config: Readonly<Record<string, unknown>>;
}

const RULES: readonly Rule[] = [usedVfsDestroyed, maxVfsPerNic, pfPassthrough];

/** The rules as Pulumi's engine asks for them. What a rule cannot look at is a violation too, since it may hide one. */
export function rules(clusterOf: (inputs: KnownInputs) => Cluster): ResourceValidationPolicy[] {
  return RULES.map((rule) => ({
    ...rule.policy,
    async validateResource(args, reportViolation) {
      const type = args.type.replace(/^pulumi-nodejs:dynamic\/sriov:/, "");
      if (type === args.type || !rule.types.includes(type)) return;
      for (const violation of await violationsOf(rule, type, args, clusterOf)) reportViolation(violation);
    },
  }));
}

async function violationsOf(
  rule: Rule,
  type: string,
  args: ResourceValidationArgs,
  clusterOf: (inputs: KnownInputs) => Cluster,
): Promise<readonly string[]> {
  const inputs = knownInputs(args.props);
  const operation = (log: Operation["log"]): Operation => ({
    cluster: clusterOf(inputs),
    log,
    deadline: Date.now() + TIMEOUT_MS,
  });
  try {
    return await rule.violations({ ...inputs, type, operation, config: args.getConfig() });
  } catch (error) {
    return [`whether it keeps to this rule cannot be told: ${messageOf(error)}`];
  }
}

const TIMEOUT_MS = 60_000;
