import type { PolicyRules } from "../admission-policies.js";
import type { ServiceAccountName } from "../rbac.js";
import { DEVICES_GROUP } from "../names.js";
import { author, claimedNode, isAccount, isPciDeviceOfClaimedNode, literal } from "./expressions.js";

/**
 * Status is what the other guards and the provider trust, so it comes from the agent of the node that it is about, and
 * from nobody else, not even an administrator. The node is that of the token, which the API server itself has issued.
 */
export function statusRules(agent: ServiceAccountName): PolicyRules {
  const account = `${agent.namespace}/${agent.name}`;
  return {
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [DEVICES_GROUP],
          apiVersions: ["*"],
          operations: ["CREATE", "UPDATE"],
          resources: ["sriovnetworkdevices/status", "pcidevices/status", "pcideviceclaims/status"],
        },
      ],
    },
    variables: [claimedNode, author],
    validations: [
      {
        expression: isAccount(agent),
        reason: "Forbidden",
        message: `status is written by the agent of the object's node alone, the service account ${account}`,
        messageExpression:
          `object.metadata.name + ": status is written by the agent of its node alone, as the service account ${account}, not by " + ` +
          `variables.author`,
      },
      {
        expression: `request.resource.resource == "pcidevices" || object.spec.nodeName == variables.claimedNode`,
        reason: "Forbidden",
        message: "status is written by the agent of the object's node alone",
        messageExpression:
          `object.metadata.name + ": status is written by the agent of its node \\"" + object.spec.nodeName + ` +
          `"\\" alone, not by " + variables.author`,
      },
      {
        // The name of a PCIDevice tells its node and never changes, so it speaks for the object as it was, too.
        expression:
          `request.resource.resource != "pcidevices" || (${isPciDeviceOfClaimedNode("object.metadata.name")} && ` +
          `has(object.status) && has(object.status.nodeName) && object.status.nodeName == variables.claimedNode)`,
        reason: "Forbidden",
        message: "status of a PCIDevice is written by the agent of its node alone, and names that node",
        messageExpression:
          `object.metadata.name + ${literal(": status of a PCIDevice is written by the agent of its node alone, and names that node; this is ")} + ` +
          `variables.author`,
      },
    ],
  };
}
