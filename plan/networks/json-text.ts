import { type Spec, isSpec } from "../spec-fields.js";
import { jsonError, positionOf } from "./json-syntax.js";

export type JsonText<T> =
  | { readonly kind: "value"; readonly value: T }
  /** What is wrong, in the words that follow the property's name: `is no JSON at line 1, column 5: …`. */
  | { readonly kind: "wrong"; readonly predicate: string };

/** Reads a JSON object. */
export function readJsonObject(text: string): JsonText<Spec> {
  const read = readJson(text, text, 0);
  if (read.kind === "wrong") return read;
  if (isSpec(read.value)) return { kind: "value", value: read.value };
  return { kind: "wrong", predicate: `must be a JSON object, not ${describeJson(read.value)}` };
}

/** Reads one JSON object, or several with commas between. */
export function readJsonObjects(text: string): JsonText<readonly Spec[]> {
  const read = readJson(`[${text}\n]`, text, 1);
  if (read.kind === "wrong") return read;
  const values: readonly unknown[] = Array.isArray(read.value) ? read.value : [];
  const other = values.findIndex((value) => !isSpec(value));
  if (other >= 0)
    return {
      kind: "wrong",
      predicate: `must be JSON objects with commas between; number ${other + 1} is ${describeJson(values[other])}`,
    };
  return values.length > 0
    ? { kind: "value", value: values.filter(isSpec) }
    : { kind: "wrong", predicate: "must be a JSON object, or several with commas between, not nothing" };
}

/** `shown` is what somebody wrote, `before` characters into what is read. */
function readJson(text: string, shown: string, before: number): JsonText<unknown> {
  const error = jsonError(text);
  if (error === undefined) return { kind: "value", value: JSON.parse(text) };
  const offset = Math.min(error.offset - before, shown.length);
  const found = offset >= shown.length ? "the text ends" : `there is ${JSON.stringify(shown[offset])}`;
  return {
    kind: "wrong",
    predicate: `is not JSON: at ${positionOf(shown, offset)} ${found} where ${error.expected} should be`,
  };
}

function describeJson(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
