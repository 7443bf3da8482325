/**
 * Property values as they travel between a program, this engine and a provider: plain JSON, in which an object with the
 * signature key stands for something that JSON has no word for. The same shapes stand in the state file, save that a
 * secret is encrypted there.
 */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Properties = Record<string, Value>;

export const signatureKey = "4dabf18193072939515e22adb298388d";
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";

export function isObject(value: Value | undefined): value is { [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(value: Value | undefined): value is { [key: string]: Value; value: Value } {
  return isObject(value) && value[signatureKey] === secretSignature;
}

export function secret(value: Value): Value {
  return isSecret(value) ? value : { [signatureKey]: secretSignature, value };
}

export function isResourceReference(value: Value | undefined): value is { urn: string; id?: Value } {
  return isObject(value) && value[signatureKey] === resourceSignature;
}

/** Applies `change` to every node, children first. A node for which it answers undefined is left out. */
export function transform(value: Value, change: (node: Value) => Value | undefined): Value | undefined {
  if (Array.isArray(value)) return change(value.map((item) => transform(item, change) ?? null));
  if (isObject(value)) return change(transformAll(value, change));
  return change(value);
}

export function transformAll(properties: Properties, change: (node: Value) => Value | undefined): Properties {
  const entries = Object.entries(properties).map(([key, item]) => [key, transform(item, change)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Value] => entry[1] !== undefined));
}

/** What a program sends, without output values: their value, the unknown value, or a secret. */
export function withoutOutputValues(properties: Properties): Properties {
  return transformAll(properties, (node) => {
    if (!isObject(node) || node[signatureKey] !== outputSignature) return node;
    const value = node["value"] === undefined ? unknownValue : node["value"];
    return node["secret"] === true ? secret(value) : value;
  });
}

export function withoutSecrets(properties: Properties): Properties {
  return transformAll(properties, (node) => (isSecret(node) ? node.value : node));
}

/** What a provider that knows neither secrets nor resource references is given. */
export function plain(properties: Properties): Properties {
  return transformAll(properties, (node) => {
    if (isSecret(node)) return node.value;
    return isResourceReference(node) ? (node.id ?? node.urn) : node;
  });
}

/** For eyes: secrets as `[secret]`. */
export function masked(properties: Properties): Properties {
  return transformAll(properties, (node) => (isSecret(node) ? "[secret]" : node));
}

export function contains(value: Value, test: (node: Value) => boolean): boolean {
  if (test(value)) return true;
  if (Array.isArray(value)) return value.some((item) => contains(item, test));
  return isObject(value) && Object.values(value).some((item) => contains(item, test));
}

/**
 * Marks in `outputs` what was secret in `inputs` under the same key: the provider has seen the value in clear, and would
 * otherwise carry it into the state that way.
 */
export function markSecrets(outputs: Properties, inputs: Properties): Properties {
  const result = { ...outputs };
  for (const [key, input] of Object.entries(inputs)) {
    const output = result[key];
    if (output === undefined) continue;
    if (isObject(output) && isObject(input) && !isSecret(output) && !isSecret(input)) {
      result[key] = markSecrets(output, input);
    } else if (contains(input, isSecret)) {
      result[key] = secret(output);
    }
  }
  return result;
}

export function equal(a: Value | undefined, b: Value | undefined): boolean {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  if (isObject(a)) {
    if (!isObject(b)) return false;
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => equal(a[key], b[key]));
  }
  return a === b;
}
