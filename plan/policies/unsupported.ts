import { describeNic } from "./demand.js";
import type { MatchProblem } from "./policy-plan.js";
import type { NicFacts, PolicyFacts } from "./snapshot.js";
import type { SriovNetworkNodePolicySpec } from "../../api/sriov-network-node-policy.js";

export interface UnsupportedFields {
  /** VFs made without them would be other VFs than the policy means, so nothing of it is carried out. */
  readonly decisive: readonly string[];
  /** The rest of the policy stands without them. */
  readonly ignored: readonly string[];
}

/** What a policy asks for that this project does not carry out, each as `<field>: <value>`. */
export function unsupportedFields(spec: SriovNetworkNodePolicySpec): UnsupportedFields {
  const decisive: string[] = [];
  if (spec.eSwitchMode === "switchdev") decisive.push("eSwitchMode: switchdev");
  if (spec.vdpaType !== undefined) decisive.push(`vdpaType: ${spec.vdpaType}`);
  if (Object.keys(spec.bridge ?? {}).length > 0) decisive.push("bridge");
  return { decisive, ignored: spec.isRdma === true ? ["isRdma: true"] : [] };
}

export function unsupportedProblem(policy: PolicyFacts, nic: NicFacts, fields: readonly string[]): MatchProblem {
  return {
    kind: "unsupported",
    message:
      `Policy ${policy.name} asks for ${fields.join(" and ")}, which is not carried out here, so ${describeNic(nic)} keeps what ` +
      `it has from this policy's side. Take ${fields.length === 1 ? "that field" : "those fields"} out, or leave these NICs to the sriov-network-operator.`,
  };
}
