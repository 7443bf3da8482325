import type { SriovNetworkNodePolicySpec } from "../../../../api/sriov-network-node-policy.js";
import { planPolicies } from "../../../../plan/policies/plan-policies.js";
import type { DevicePlan, MatchProblem, PolicyPlan } from "../../../../plan/policies/policy-plan.js";
import type { NicFacts, NodeFacts, PolicyFacts } from "../../../../plan/policies/snapshot.js";

/** A policy for ens803f1 that asks for two VFs under its own name, but for what is given. */
export function policy(name: string, spec: Partial<SriovNetworkNodePolicySpec> = {}): PolicyFacts {
  return {
    name,
    spec: {
      resourceName: `${name}res`,
      nodeSelector: {},
      nicSelector: { pfNames: ["ens803f1"] },
      numVfs: 2,
      ...spec,
    },
  };
}

/** The NIC ens803f1 of node1, but for what is given. */
export function nic(facts: Partial<NicFacts> = {}): NicFacts {
  const { nodeName = "node1", interfaceName = "ens803f1" } = facts;
  return {
    device: `${nodeName}-${interfaceName}`,
    nodeName,
    address: "0000:86:00.1",
    interfaceName,
    alternativeNames: ["enp134s0f1", "onboard2"],
    vendorId: "8086",
    deviceId: "158b",
    totalVfs: 64,
    linkType: "eth",
    netFilter: undefined,
    ...facts,
  };
}

export function node(name: string, labels: Readonly<Record<string, string>> = {}): NodeFacts {
  return { name, labels };
}

/** The plan of these policies on node1 with the NIC ens803f1, or with the given NICs. */
export function planOf(policies: readonly PolicyFacts[], nics: readonly NicFacts[] = [nic()]): PolicyPlan {
  return planPolicies({ policies, nodes: [node("node1")], nics });
}

/** What ens803f1 of node1 is to be by these policies. */
export function devicePlanOf(...policies: readonly PolicyFacts[]): DevicePlan | undefined {
  return planOf(policies).devices.get("node1-ens803f1");
}

/** Why a policy does not get what it asks for on its only NIC. */
export function problemOf(plan: PolicyPlan, policyName: string): MatchProblem | undefined {
  return plan.policies.get(policyName)?.matches[0]?.problem;
}
