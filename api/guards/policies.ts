import type { PolicyRules, Validation } from "../admission-policies.js";
import { Annotation, DEVICES_GROUP, DISRUPT, SRIOV_NETWORK_GROUP } from "../names.js";
import {
  annotationOf,
  countsOf,
  hasAnnotation,
  isPermissionSet,
  literal,
  missingVerb,
  permissions,
} from "./expressions.js";

const ALLOW = Annotation.allowDisruption;
const LIMIT = Annotation.maxUnavailable;

/**
 * The controller passes a policy's permission to destroy VFs in use on to the devices, and may do so for all of them. So
 * whoever gives that permission, or turns one that stands to other NICs, must hold the verb for all of them himself.
 */
export function policiesRules(): PolicyRules {
  return {
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [SRIOV_NETWORK_GROUP],
          apiVersions: ["*"],
          operations: ["CREATE", "UPDATE"],
          resources: ["sriovnetworknodepolicies"],
        },
      ],
    },
    variables: [
      ...countsOf("numVfs"),
      ...permissions,
      { name: "oldLimit", expression: annotationOf("oldObject", LIMIT) },
      { name: "limit", expression: annotationOf("object", LIMIT) },
      {
        name: "mayDisrupt",
        expression:
          `authorizer.group(${literal(DEVICES_GROUP)}).resource("sriovnetworkdevices")` +
          `.check(${literal(DISRUPT)}).allowed()`,
      },
    ],
    validations: [...permissionValidations(), limitValidation()],
  };
}

function permissionValidations(): Validation[] {
  return [
    {
      expression: `!${isPermissionSet} || variables.allowed == string(variables.count)`,
      reason: "Invalid",
      message: `the annotation ${ALLOW} must be the count that spec.numVfs asks for`,
      messageExpression:
        `object.metadata.name + ": the annotation ${ALLOW} must be the count that spec.numVfs asks for, " + ` +
        `string(variables.count) + ", not \\"" + variables.allowed + "\\""`,
    },
    {
      expression: `!${isPermissionSet} || variables.mayDisrupt`,
      reason: "Forbidden",
      message: `the annotation ${ALLOW} needs the verb ${DISRUPT}`,
      messageExpression: missingVerb(`"may not set the annotation ${ALLOW} of "`, "object.metadata.name"),
    },
    {
      expression: `${isPermissionSet} || variables.count == variables.oldCount || variables.allowed != string(variables.count)`,
      reason: "Invalid",
      message: `the annotation ${ALLOW} is from before; remove it first`,
      messageExpression:
        `object.metadata.name + ": the annotation ${ALLOW} says " + variables.allowed + ` +
        `" from before, for another change. Remove it first."`,
    },
    {
      // The same count for other nodes or NICs: what was said of those from before is no leave for these.
      expression:
        `${isPermissionSet} || variables.allowed != string(variables.count) || oldObject == null || ` +
        `object.spec == oldObject.spec || variables.mayDisrupt`,
      reason: "Forbidden",
      message: `while the annotation ${ALLOW} is there, a change of spec needs the verb ${DISRUPT}`,
      messageExpression: missingVerb(
        `"may not change, while its annotation ${ALLOW} lets VFs in use be destroyed, "`,
        "object.metadata.name",
      ),
    },
  ];
}

function limitValidation(): Validation {
  const isSame = `(${hasAnnotation("oldObject", LIMIT)} && variables.limit == variables.oldLimit)`;
  const rule = `the annotation ${LIMIT} must be a number of nodes, at least 1, or a share of them from 1% to 100%`;
  return {
    // What is there from before keeps nobody from changing the rest.
    expression:
      `!(${hasAnnotation("object", LIMIT)}) || ${isSame} || ` +
      `variables.limit.matches("^([1-9][0-9]{0,8}|([1-9][0-9]?|100)%)$")`,
    reason: "Invalid",
    message: rule,
    messageExpression: `object.metadata.name + ${literal(`: ${rule}, not "`)} + variables.limit + ${literal('"')}`,
  };
}
