import { inspect } from "node:util";

/** What is wrong with one value, and where: the path from the settings' top, such as `agent.tolerations[0].effect`. */
export interface SettingProblem {
  readonly path: string;
  /** A sentence without subject: `must be true or false, not "yes"`. */
  readonly problem: string;
}

/** What is wrong with a value, or with parts of it, whose paths begin with the value's own. */
export type Rule = (value: unknown, path: string) => SettingProblem[];

/** A rule for each field: none can be forgotten. */
export type RulesOf<T> = { readonly [Key in keyof Required<T>]: Rule };

/** An object with no other fields than these. One that is `undefined` is left out, and must not be where it is required. */
export function fields<T>(rules: RulesOf<T>, required: readonly (keyof T & string)[] = []): Rule {
  const known = new Map<string, Rule>(Object.entries(rules));
  return (value, path) => {
    if (!isObject(value)) return [problem(path, `must be an object, not ${shown(value)}`)];
    const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
    const missing = required.filter((key) => value[key] === undefined).map((key) => problem(at(key), "is missing"));
    const given = Object.entries(value).filter(([, part]) => part !== undefined);
    const wrong = given.flatMap(
      ([key, part]) =>
        known.get(key)?.(part, at(key)) ?? [
          problem(at(key), `is no setting; there are ${[...known.keys()].join(", ")}`),
        ],
    );
    return [...missing, ...wrong];
  };
}

export function listOf(rule: Rule): Rule {
  return (value, path) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => rule(item, `${path}[${index}]`))
      : [problem(path, `must be a list, not ${shown(value)}`)];
}

/** An object with any keys that keep one rule, and values that keep another. */
export function mapOf(keys: Rule, values: Rule): Rule {
  return (value, path) =>
    isObject(value)
      ? Object.entries(value).flatMap(([key, part]) => {
          const at = `${path}[${JSON.stringify(key)}]`;
          return [...keys(key, at), ...values(part, at)];
        })
      : [problem(path, `must be an object, not ${shown(value)}`)];
}

/** @param what What it must be, for the message: `must be …, not "this"` */
export function text(what: string, fits: (value: string) => boolean): Rule {
  return only(what, (value) => typeof value === "string" && fits(value));
}

export function oneOf(...allowed: readonly string[]): Rule {
  return text(`one of ${allowed.join(", ")}`, (value) => allowed.includes(value));
}

export function integer(from: number, to = Number.MAX_SAFE_INTEGER): Rule {
  const range = to === Number.MAX_SAFE_INTEGER ? `, ${from} or more` : ` from ${from} to ${to}`;
  return only(
    `a whole number${range}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to,
  );
}

export const boolean = only("true or false", (value) => typeof value === "boolean");

export function only(what: string, fits: (value: unknown) => boolean): Rule {
  return (value, path) => (fits(value) ? [] : [problem(path, `must be ${what}, not ${shown(value)}`)]);
}

function problem(path: string, words: string): SettingProblem {
  return { path, problem: words };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
}
