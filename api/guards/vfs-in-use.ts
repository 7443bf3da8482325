import type { PolicyRules } from "../admission-policies.js";
import { Annotation, DEVICES_GROUP, DISRUPT } from "../names.js";
import {
  countsOf,
  isPermissionSet,
  literal,
  mayDisrupt,
  missingVerb,
  notTheGarbageCollector,
  permissions,
  subject,
} from "./expressions.js";

const NAME = "variables.subject.metadata.name";

/** A list of users longer than this is cut: the API server shows no message of more than 5 KiB. */
const MAX_LISTED = 2_000;

const WAYS_OUT =
  `Release them; or set the annotation ${Annotation.allowDisruption} to the new count in the same request, which ` +
  `needs the verb ${DISRUPT} on sriovnetworkdevices.${DEVICES_GROUP}.`;

const WAYS_OUT_OF_DELETE =
  `Release them; or set spec.numVFS and the annotation ${Annotation.allowDisruption} to 0 first; or, where no agent ` +
  `answers, set the annotation to the count that the object asks for, and delete it then. Both need the verb ` +
  `${DISRUPT} on sriovnetworkdevices.${DEVICES_GROUP}.`;

/**
 * VFs that somebody uses, as the agent has reported them, do not go by a change of the count or a delete, except by
 * somebody who may disrupt and says so in an annotation that carries the count. The agent looks again before it acts.
 */
export function vfsInUseRules(): PolicyRules {
  const unused = "size(variables.users) == 0";
  const isDelete = `request.operation == "DELETE"`;
  return {
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [DEVICES_GROUP],
          apiVersions: ["*"],
          operations: ["CREATE", "UPDATE", "DELETE"],
          resources: ["sriovnetworkdevices"],
        },
      ],
    },
    matchConditions: [notTheGarbageCollector],
    variables: [
      subject,
      ...countsOf("numVFS"),
      ...permissions,
      {
        name: "vfs",
        expression:
          "oldObject != null && has(oldObject.status) && has(oldObject.status.virtualFunctions) ? " +
          "oldObject.status.virtualFunctions : []",
      },
      { name: "users", expression: `variables.vfs.filter(vf, has(vf.usedBy) && vf.usedBy != "")` },
      { name: "list", expression: `variables.users.map(vf, vf.address + " (" + vf.usedBy + ")").join(", ")` },
      {
        name: "inUse",
        expression:
          `variables.subject.metadata.name + ": VFs in use, " + string(size(variables.users)) + " of " + ` +
          `string(size(variables.vfs)) + ": " + (size(variables.list) > ${MAX_LISTED} ? ` +
          `variables.list.substring(0, ${MAX_LISTED}) + " …" : variables.list) + ". "`,
      },
      mayDisrupt("sriovnetworkdevices", NAME),
    ],
    validations: [
      {
        expression: `!${isPermissionSet} || variables.allowed == string(variables.count)`,
        reason: "Invalid",
        message: `the annotation ${Annotation.allowDisruption} must be the count that spec.numVFS asks for`,
        messageExpression:
          `variables.subject.metadata.name + ": the annotation ${Annotation.allowDisruption} must be the count that " + ` +
          `"spec.numVFS asks for, " + string(variables.count) + ", not \\"" + variables.allowed + "\\""`,
      },
      {
        expression: `!${isPermissionSet} || variables.mayDisrupt`,
        reason: "Forbidden",
        message: `the annotation ${Annotation.allowDisruption} needs the verb ${DISRUPT}`,
        messageExpression: missingVerb(`"may not set the annotation ${Annotation.allowDisruption} of "`, NAME),
      },
      {
        // Whoever changes the count must say so himself: what somebody said of another change is no leave for this one.
        expression:
          `variables.count == variables.oldCount || variables.allowed == "" || ${isPermissionSet} || ` +
          `variables.allowed != string(variables.count)`,
        reason: "Invalid",
        message: `the annotation ${Annotation.allowDisruption} is from before; remove it first`,
        messageExpression:
          `variables.subject.metadata.name + ": the annotation ${Annotation.allowDisruption} says " + ` +
          `variables.allowed + " from before, for another change. Remove it first."`,
      },
      {
        expression:
          `${isDelete} || variables.count == variables.oldCount || variables.count == size(variables.vfs) || ` +
          `${unused} || variables.allowed == string(variables.count)`,
        reason: "Invalid",
        message: `VFs are in use, and a change of the count destroys all of them. ${WAYS_OUT}`,
        messageExpression: `variables.inUse + ${literal(`A change of the count destroys all of them. ${WAYS_OUT}`)}`,
      },
      {
        expression: `!(${isDelete}) || ${unused} || variables.oldAllowed == string(variables.oldCount)`,
        reason: "Invalid",
        message: `VFs are in use. ${WAYS_OUT_OF_DELETE}`,
        messageExpression: `variables.inUse + ${literal(WAYS_OUT_OF_DELETE)}`,
      },
      {
        expression: `!(${isDelete}) || ${unused} || variables.mayDisrupt`,
        reason: "Forbidden",
        message: `VFs are in use, and to delete the object all the same needs the verb ${DISRUPT}`,
        messageExpression: missingVerb(`"may not delete, while its VFs are in use, "`, NAME),
      },
    ],
  };
}
