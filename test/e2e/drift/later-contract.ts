import { admissionPolicies, type ValidatingAdmissionPolicy } from "../../../api/admission-policies.js";
import type { CustomResourceDefinition } from "../../../api/core.js";
import { customResourceDefinitions } from "../../../api/custom-resource-definitions.js";

/**
 * What a later version of the reconciler might bring: kinds with a field more, to which the API server gives a value in
 * objects that are there, and guards that are worded otherwise.
 */
export function laterContract(): {
  readonly kinds: readonly CustomResourceDefinition[];
  readonly guards: readonly ValidatingAdmissionPolicy[];
} {
  return { kinds: customResourceDefinitions().map(withLaterField), guards: admissionPolicies().map(withLaterVariable) };
}

interface Versioned {
  readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: ObjectSchema } }[];
}

interface ObjectSchema {
  readonly properties: Readonly<Record<string, ObjectSchema>>;
}

function withLaterField(definition: CustomResourceDefinition): CustomResourceDefinition {
  const spec = definition.spec as Versioned;
  const versions = spec.versions.map((version) => {
    const { properties, ...schema } = version.schema.openAPIV3Schema;
    return { ...version, schema: { openAPIV3Schema: { ...schema, properties: extended(properties) } } };
  });
  return { ...definition, spec: { ...spec, versions } };
}

/** Of a spec and of a status, where the kind has them. */
function extended(properties: ObjectSchema["properties"]): ObjectSchema["properties"] {
  const later = { type: "string", default: "later" } as unknown as ObjectSchema;
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [
      name,
      { ...schema, properties: { ...schema.properties, later } },
    ]),
  );
}

function withLaterVariable(policy: ValidatingAdmissionPolicy): ValidatingAdmissionPolicy {
  const { variables } = policy.spec;
  return { ...policy, spec: { ...policy.spec, variables: [...variables, { name: "later", expression: '"later"' }] } };
}
