import { type Spec, isSpec } from "../spec-fields.js";
import { isExactNumber, parseExactly } from "./exact-json.js";
import { jsonError, positionOf } from "./json-syntax.js";

/** A property whose value is JSON as a text, read. */
export type JsonText<T> =
  | { readonly kind: "value"; readonly value: T }
  /** What is wrong, in the words that follow the property's name: `is not JSON: at line 1, column 5 …`. */
  | { readonly kind: "wrong"; readonly predicate: string };

/** `ipam`: an object. */
export function readIpam(text: string): JsonText<Spec> {
  const read = readJson(text, text, 0);
  if (read.kind === "wrong") return read;
  return isObject(read.value) ? { kind: "value", value: read.value } : notObject(read.value);
}

/** `capabilities`: an object of switches, since the CNI plugin takes nothing else. */
export function readCapabilities(text: string): JsonText<Spec> {
  const read = readIpam(text);
  if (read.kind === "wrong") return read;
  const [other] = Object.entries(read.value).filter(([, value]) => typeof value !== "boolean");
  if (other === undefined) return read;
  return wrong(`must have true or false for each capability; ${JSON.stringify(other[0])} is ${describeJson(other[1])}`);
}

/** `metaPlugins`: the object of one CNI plugin, or of several with commas between. */
export function readMetaPlugins(text: string): JsonText<readonly Spec[]> {
  const read = readJson(`[${text}\n]`, text, 1);
  if (read.kind === "wrong") return read;
  const plugins: Spec[] = [];
  for (const value of read.value as readonly unknown[]) {
    if (!isObject(value)) return notObject(value);
    if (typeof value["type"] !== "string" || value["type"] === "")
      return wrong(`must have a "type" in each plugin, the name of its program; number ${plugins.length + 1} has none`);
    plugins.push(value);
  }
  return plugins.length > 0 ? { kind: "value", value: plugins } : wrong("must be a JSON object, not blank");
}

/** `shown` is what somebody wrote; it begins `before` characters into what is read. */
function readJson(text: string, shown: string, before: number): JsonText<unknown> {
  const error = jsonError(text);
  if (error === undefined) return { kind: "value", value: parseExactly(text) };
  const offset = Math.min(error.offset - before, shown.length);
  const found = offset === shown.length ? "the text ends" : `there is ${JSON.stringify(shown[offset])}`;
  return wrong(`is not JSON: at ${positionOf(shown, offset)} ${found} where ${error.expected} should be`);
}

function isObject(value: unknown): value is Spec {
  return isSpec(value) && !isExactNumber(value);
}

function notObject(value: unknown): JsonText<never> {
  return wrong(`must be a JSON object, not ${describeJson(value)}`);
}

function wrong(predicate: string): JsonText<never> {
  return { kind: "wrong", predicate };
}

function describeJson(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "object" && !isExactNumber(value)) return Array.isArray(value) ? "a list" : "an object";
  return JSON.stringify(value);
}
