import type { PolicyRules } from "../admission-policies.js";
import { Annotation, SRIOV_NETWORK_GROUP } from "../names.js";
import { annotationOf, hasAnnotation, literal } from "./expressions.js";

const NEITHER = `spec.resourceName must be given, or the annotation ${Annotation.policy}, which names a policy that it follows`;

const EMPTY = `the annotation ${Annotation.policy} must be the name of a SriovNetworkNodePolicy; it is empty`;

/**
 * A network gets its pool's name from its spec, or from the policy that an annotation names. The kind's own rules cannot
 * read annotations. What a network was without before it may be without for ever, so that it can be changed and removed.
 */
export function networksRules(): PolicyRules {
  return {
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [SRIOV_NETWORK_GROUP],
          apiVersions: ["*"],
          operations: ["CREATE", "UPDATE"],
          resources: ["sriovnetworks"],
        },
      ],
    },
    variables: [
      { name: "policy", expression: annotationOf("object", Annotation.policy) },
      { name: "oldPolicy", expression: annotationOf("oldObject", Annotation.policy) },
      { name: "resourceName", expression: resourceNameOf("object") },
      { name: "oldResourceName", expression: resourceNameOf("oldObject") },
    ],
    validations: [
      {
        expression:
          `!(${hasAnnotation("object", Annotation.policy)}) || variables.policy != "" || ` +
          `(${hasAnnotation("oldObject", Annotation.policy)} && variables.oldPolicy == "")`,
        reason: "Invalid",
        message: EMPTY,
        messageExpression: `object.metadata.name + ${literal(`: ${EMPTY}`)}`,
      },
      {
        expression:
          `variables.resourceName != "" || variables.policy != "" || ` +
          `(oldObject != null && variables.oldResourceName == "" && variables.oldPolicy == "")`,
        reason: "Invalid",
        message: NEITHER,
        messageExpression: `object.metadata.name + ${literal(`: ${NEITHER}`)}`,
      },
    ],
  };
}

function resourceNameOf(object: string): string {
  const field = `${object}.spec.resourceName`;
  return `${object} != null && has(${object}.spec) && has(${field}) ? ${field} : ""`;
}
