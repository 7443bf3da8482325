import { isSpec } from "../spec-fields.js";
import type { DescribedNic } from "./described-nic.js";
import type { MatchProblem } from "./policy-plan.js";
import type { PolicyFacts } from "./snapshot.js";
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
  if (hasBridge(spec.bridge)) decisive.push("bridge");
  return { decisive, ignored: spec.isRdma === true ? ["isRdma: true"] : [] };
}

/** An empty `bridge` asks for nothing. */
export function hasBridge(bridge: unknown): boolean {
  return isSpec(bridge) && Object.values(bridge).some((value) => value !== undefined);
}

export function unsupportedProblem(policy: PolicyFacts, nic: DescribedNic, fields: readonly string[]): MatchProblem {
  return {
    kind: "unsupported",
    message:
      `Policy ${policy.name} asks for ${fields.join(" and ")}, which is not carried out here, so that it has no VFs made on ` +
      `${nic.description}. Take ${fields.length === 1 ? "the field" : "these fields"} out of it, or have the ` +
      `sriov-network-operator look after this NIC.`,
  };
}
