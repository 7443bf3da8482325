/** Parts of OpenAPI v3 schemas, as CustomResourceDefinitions have them. */

export type Schema = Readonly<Record<string, unknown>>;

/** A rule that an object must keep, in CEL, where `self` is the value that it stands at. */
export interface Rule {
  readonly rule: string;
  /** Of the field that the refusal names, from there; default the value itself. */
  readonly fieldPath?: string;
  readonly message: string;
  /** The same as a CEL expression, which can say more; `message` is said where it fails. */
  readonly messageExpression?: string;
  /** `oldSelf` is an optional, without a value for what is new; else a rule that names it is held on changes alone. */
  readonly optionalOldSelf?: true;
}

/** `0000:04:10.1`, as the kernel writes it: the domain has more than four digits on some machines. */
export const PCI_ADDRESS: Schema = { maxLength: 16, pattern: "^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$" };

export const string = (description: string): Schema => ({ type: "string", description });

export const integer = (description: string): Schema => ({
  type: "integer",
  format: "int64",
  minimum: 0,
  description,
});

export const strings = (description: string): Schema => ({ type: "array", description, items: { type: "string" } });

export const boolean = (description: string): Schema => ({ type: "boolean", description });

export const oneOf = (description: string, values: readonly string[]): Schema => ({
  ...string(description),
  enum: values,
});

/** Texts by name, such as labels. */
export const texts = (description: string): Schema => ({
  type: "object",
  description,
  additionalProperties: { type: "string" },
});

/** `status.conditions` as the Kubernetes API conventions have it: one of each type, each with an owner of its own. */
export function conditions(): Schema {
  return {
    type: "array",
    items: conditionSchema(),
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
  };
}

function conditionSchema(): Schema {
  const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
  return {
    type: "object",
    required: ["type", "status", "reason", "message", "lastTransitionTime"],
    properties: {
      type: {
        type: "string",
        maxLength: 316,
        pattern: `^(${label}(\\.${label})*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$`,
      },
      status: { type: "string", enum: ["True", "False", "Unknown"] },
      reason: {
        type: "string",
        minLength: 1,
        maxLength: 1024,
        pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
      },
      message: { type: "string", maxLength: 32768 },
      observedGeneration: { type: "integer", format: "int64", minimum: 0 },
      lastTransitionTime: { type: "string", format: "date-time" },
    },
  };
}
