import { describe } from "./describe-value.js";
import type { InputProblem } from "./input-problem.js";

/** What a property must be: given a value that is there, all that is wrong with it, in the words that follow its name. */
export type Check = (value: unknown, property: string) => readonly InputProblem[];

/** All properties that a spec may have. */
export type Fields = Readonly<Record<string, Check>>;

export type Spec = Readonly<Record<string, unknown>>;

/** What is wrong with the properties that are there; `undefined` counts as absent. */
export function fieldProblems(spec: Spec, fields: Fields, prefix = ""): InputProblem[] {
  return Object.entries(fields).flatMap(([name, check]) => {
    const value = spec[name];
    return value === undefined ? [] : check(value, `${prefix}${name}`);
  });
}

/** Properties that the kind does not have: misspelt ones, mostly, which an API server would drop without a word. */
export function unknownProblems(spec: Spec, fields: Fields, prefix = ""): InputProblem[] {
  return Object.keys(spec)
    .filter((name) => spec[name] !== undefined && !Object.hasOwn(fields, name))
    .map((name) => problem(`${prefix}${name}`, `is no property of the kind; it has ${Object.keys(fields).join(", ")}`));
}

/** Those of the names that are not there. */
export function missingProblems(spec: Spec, required: readonly string[]): InputProblem[] {
  return required.filter((name) => spec[name] === undefined).map((name) => problem(name, "must be given"));
}

/** `predicate` is what follows the property's name: `must be …`. */
export function problem(property: string, predicate: string): InputProblem {
  return { property, reason: `${property} ${predicate}` };
}

/** A check of one sentence: `must` says what the value is to be where `accepts` says no. */
export function check(accepts: (value: unknown) => boolean, must: string): Check {
  return (value, property) => (accepts(value) ? [] : [problem(property, `must be ${must}, not ${describe(value)}`)]);
}

export const flag = check((value) => typeof value === "boolean", "true or false");

export const text = check((value) => typeof value === "string", "a text");

export function oneOf(...words: readonly string[]): Check {
  return check(
    (value) => typeof value === "string" && words.includes(value),
    words.map((word) => `"${word}"`).join(" or "),
  );
}

export function matching(pattern: RegExp, must: string): Check {
  return check((value) => typeof value === "string" && pattern.test(value), must);
}

export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): Check {
  const must =
    max === Number.MAX_SAFE_INTEGER ? `a whole number, ${min} or more` : `a whole number from ${min} to ${max}`;
  return check((value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max, must);
}

/** A map whose values are texts, such as labels. */
export const textMap: Check = (value, property) => {
  if (!isSpec(value)) return [problem(property, `must be a map, not ${describe(value)}`)];
  return Object.entries(value).flatMap(([key, entry]) => text(entry, `${property}.${key}`));
};

export function list(item: Check): Check {
  return (value, property) => {
    if (!Array.isArray(value)) return [problem(property, `must be a list, not ${describe(value)}`)];
    return value.flatMap((entry: unknown, index) => item(entry, `${property}[${index}]`));
  };
}

export function isSpec(value: unknown): value is Spec {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
