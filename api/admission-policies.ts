import { AGENT_ACCOUNT } from "./agent-role.js";
import { CONTROLLER_ACCOUNT } from "./controller-role.js";
import { agentsRules } from "./guards/agents.js";
import { claimsRules } from "./guards/claims.js";
import { controllersRules } from "./guards/controllers.js";
import { eventsRules } from "./guards/events.js";
import { networksRules } from "./guards/networks.js";
import { policiesRules } from "./guards/policies.js";
import { statusRules } from "./guards/status.js";
import { vfsInUseRules } from "./guards/vfs-in-use.js";
import type { KubeObject, ResourceType } from "./object.js";
import type { ServiceAccountName } from "./rbac.js";

/**
 * The admission policies that this project ships (Kubernetes 1.30 or newer): who may write what, held by the API server
 * itself. A webhook would be a pod, and gone when the pod is.
 */

export const Guard = {
  /** No VF that somebody uses goes unless a holder of the verb `disrupt` says so. */
  vfsInUse: "pulumi-sriov-vfs-in-use",
  /** What is reported of a node's hardware is reported by that node's agent. */
  status: "pulumi-sriov-status",
  /** An agent writes what belongs to its node, and of that only what is an agent's. */
  agents: "pulumi-sriov-agents",
  /** Of what is others', the controller writes the parts that it keeps. */
  controllers: "pulumi-sriov-controllers",
  /** Who speaks in an event of the reconciler's is who wrote it. */
  events: "pulumi-sriov-events",
  /** No device that somebody uses is taken from him by a deleted claim unless a holder of the verb `disrupt` says so. */
  claims: "pulumi-sriov-claims",
  /** A policy may destroy VFs in use only where a holder of the verb `disrupt` says so; its limit is a limit. */
  policies: "pulumi-sriov-policies",
  /** A network says which pool it is of. */
  networks: "pulumi-sriov-networks",
} as const;

export interface ValidatingAdmissionPolicy extends KubeObject {
  readonly spec: PolicyRules & { readonly failurePolicy: "Fail" };
}

export interface ValidatingAdmissionPolicyBinding extends KubeObject {
  readonly spec: { readonly policyName: string; readonly validationActions: readonly "Deny"[] };
}

/** The parts of a policy that differ from one to the other; all expressions are CEL. */
export interface PolicyRules {
  readonly matchConstraints: { readonly resourceRules: readonly ResourceRule[] };
  /** Requests for which one of these is false are none of the policy's business. */
  readonly matchConditions?: readonly NamedExpression[];
  readonly variables: readonly NamedExpression[];
  /** A request is refused with the first that is false. */
  readonly validations: readonly Validation[];
}

export interface ResourceRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE")[];
  readonly resources: readonly string[];
}

export interface NamedExpression {
  readonly name: string;
  readonly expression: string;
}

export interface Validation {
  readonly expression: string;
  /** 422 or 403. */
  readonly reason: "Invalid" | "Forbidden";
  /** Said where `messageExpression` fails. */
  readonly message: string;
  readonly messageExpression: string;
}

const ADMISSION = { apiVersion: "admissionregistration.k8s.io/v1", namespaced: false } as const;

export const VALIDATING_ADMISSION_POLICY: ResourceType<ValidatingAdmissionPolicy> = {
  ...ADMISSION,
  kind: "ValidatingAdmissionPolicy",
  plural: "validatingadmissionpolicies",
};

export const VALIDATING_ADMISSION_POLICY_BINDING: ResourceType<ValidatingAdmissionPolicyBinding> = {
  ...ADMISSION,
  kind: "ValidatingAdmissionPolicyBinding",
  plural: "validatingadmissionpolicybindings",
};

/** `agent` is the service account that all agents run as, `controller` that of the controller. */
export function admissionPolicies(
  agent: ServiceAccountName = AGENT_ACCOUNT,
  controller: ServiceAccountName = CONTROLLER_ACCOUNT,
): ValidatingAdmissionPolicy[] {
  return [
    policy(Guard.agents, agentsRules(agent)),
    policy(Guard.controllers, controllersRules(controller, agent)),
    policy(Guard.events, eventsRules(agent, controller)),
    policy(Guard.status, statusRules(agent)),
    policy(Guard.policies, policiesRules()),
    policy(Guard.networks, networksRules()),
    policy(Guard.claims, claimsRules()),
    policy(Guard.vfsInUse, vfsInUseRules()),
  ];
}

/** A policy does nothing until it is bound. */
export function admissionPolicyBindings(): ValidatingAdmissionPolicyBinding[] {
  const { apiVersion, kind } = VALIDATING_ADMISSION_POLICY_BINDING;
  return admissionPolicies().map(({ metadata: { name } }) => ({
    apiVersion,
    kind,
    metadata: { name },
    spec: { policyName: name, validationActions: ["Deny"] },
  }));
}

function policy(name: string, rules: PolicyRules): ValidatingAdmissionPolicy {
  const { apiVersion, kind } = VALIDATING_ADMISSION_POLICY;
  return { apiVersion, kind, metadata: { name }, spec: { failurePolicy: "Fail", ...rules } };
}
