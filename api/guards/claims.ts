import type { PolicyRules } from "../admission-policies.js";
import { Annotation, DEVICES_GROUP, DISRUPT } from "../names.js";
import {
  isPermissionSet,
  literal,
  mayDisrupt,
  missingVerb,
  notTheGarbageCollector,
  permissions,
  subject,
} from "./expressions.js";

const ALLOW = Annotation.allowDisruption;
const NAME = "variables.subject.metadata.name";

/** The one value of the annotation that means something on a claim. */
const RELEASE = "release";

const WAYS_OUT =
  `Stop it first; or set the annotation ${ALLOW} to ${RELEASE}, which needs the verb ${DISRUPT} on ` +
  `pcideviceclaims.${DEVICES_GROUP}, and delete the claim then.`;

/**
 * A device that somebody uses, as the agent of its node has reported, is not taken from him by deleting its claim, except
 * where somebody who may disrupt has said so. The agent looks again before it acts.
 */
export function claimsRules(): PolicyRules {
  return {
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [DEVICES_GROUP],
          apiVersions: ["*"],
          operations: ["CREATE", "UPDATE", "DELETE"],
          resources: ["pcideviceclaims"],
        },
      ],
    },
    matchConditions: [notTheGarbageCollector],
    variables: [
      subject,
      ...permissions,
      {
        name: "usedBy",
        expression:
          'oldObject != null && has(oldObject.status) && has(oldObject.status.usedBy) ? oldObject.status.usedBy : ""',
      },
      mayDisrupt("pcideviceclaims", NAME),
    ],
    validations: [
      {
        expression: `!${isPermissionSet} || variables.allowed == ${literal(RELEASE)}`,
        reason: "Invalid",
        message: `the annotation ${ALLOW} of a claim must be ${RELEASE}`,
        messageExpression: `${NAME} + ${literal(`: the annotation ${ALLOW} of a claim must be ${RELEASE}, not "`)} + variables.allowed + "\\""`,
      },
      {
        expression: `!${isPermissionSet} || variables.mayDisrupt`,
        reason: "Forbidden",
        message: `the annotation ${ALLOW} needs the verb ${DISRUPT}`,
        messageExpression: missingVerb(`"may not set the annotation ${ALLOW} of "`, NAME, "pcideviceclaims"),
      },
      {
        // A claim that is being deleted already is not deleted any more by a second request.
        expression:
          `request.operation != "DELETE" || variables.usedBy == "" || has(oldObject.metadata.deletionTimestamp) || ` +
          `variables.oldAllowed == ${literal(RELEASE)}`,
        reason: "Invalid",
        message: `the device is in use. ${WAYS_OUT}`,
        messageExpression: `${NAME} + ": the device is in use by " + variables.usedBy + ${literal(`. ${WAYS_OUT}`)}`,
      },
    ],
  };
}
