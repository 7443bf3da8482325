import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { SriovNetworkNodePolicyArgs } from "../../../sdk/sriov-network-node-policy.js";
import type { Program } from "../stack.js";
import type { Twins } from "./twins.js";

/** A program with one policy, for the given NICs, whose outputs are the stack's. */
export function policyProgram(
  { nodeSelector, interfaceName }: Pick<Twins, "nodeSelector" | "interfaceName">,
  args: Partial<SriovNetworkNodePolicyArgs> = {},
  options: CustomResourceOptions = {},
  name = "policy",
): Program {
  return (sriov) => {
    const policy = new sriov.SriovNetworkNodePolicy(
      name,
      {
        // No other test's, since a NIC's VFs of one name are one policy's.
        resourceName: interfaceName,
        nodeSelector,
        nicSelector: { pfNames: [interfaceName] },
        numVfs: 2,
        ...args,
      },
      options,
    );
    return { policyName: policy.policyName, status: policy.status, matched: policy.matchedDevices };
  };
}
