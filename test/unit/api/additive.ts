import { isDeepStrictEqual } from "node:util";
import type { CustomResourceDefinition } from "../../../api/core.js";

/**
 * What of a kind's next version an object, a client or a habit of its last one could not live with, a sentence each; none where
 * it only adds. What cannot be told, such as whether another pattern matches all that the last one did, counts as a break.
 */
export function breaksOf(last: CustomResourceDefinition, next: CustomResourceDefinition): string[] {
  const before = last.spec as Definition;
  const after = next.spec as Definition;
  const versions = before.versions.flatMap((version) => versionBreaks(version, after.versions));
  return [
    ...IDENTITY.filter((key) => before[key] !== after[key]).map((key) => changed("", key, before[key], after[key])),
    ...NAMES.filter((key) => before.names[key] !== after.names[key]).map((key) =>
      changed("", key, before.names[key], after.names[key]),
    ),
    ...gone("short name", before.names.shortNames, after.names.shortNames),
    ...gone("category", before.names.categories, after.names.categories),
    ...versions,
  ];
}

interface Definition {
  readonly group: string;
  readonly scope: string;
  readonly names: Names;
  readonly versions: readonly Version[];
}

interface Names {
  readonly kind: string;
  readonly listKind?: string;
  readonly plural: string;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly subresources?: Readonly<Record<string, unknown>>;
  readonly additionalPrinterColumns?: readonly { readonly name: string }[];
  readonly schema: { readonly openAPIV3Schema: Schema };
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly "x-kubernetes-validations"?: readonly { readonly rule: string; readonly optionalOldSelf?: boolean }[];
  readonly [keyword: string]: unknown;
}

const IDENTITY = ["group", "scope"] as const;
const NAMES = ["kind", "listKind", "plural", "singular"] as const;

function versionBreaks(before: Version, versions: readonly Version[]): string[] {
  const after = versions.find(({ name }) => name === before.name);
  if (after === undefined) return [`version ${before.name} is gone`];
  const columns = ({ additionalPrinterColumns = [] }: Version): string[] =>
    additionalPrinterColumns.map((column) => JSON.stringify(column));
  const subresources = ({ subresources: all = {} }: Version): string[] =>
    Object.entries(all).map((subresource) => JSON.stringify(subresource));
  return [
    ...(before.served && !after.served ? [`version ${before.name} is not served any more`] : []),
    ...(before.storage && !after.storage ? [`version ${before.name} is not the stored one any more`] : []),
    ...gone("printed column", columns(before), columns(after)),
    ...gone("subresource", subresources(before), subresources(after)),
    ...schemaBreaks(before.schema.openAPIV3Schema, after.schema.openAPIV3Schema, ""),
  ];
}

/** What an object that was valid could not be any more, or would be read as something else. */
function schemaBreaks(before: Schema, after: Schema, path: string): string[] {
  const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keywords].flatMap((keyword) => {
    const compare = KEYWORDS[keyword];
    if (compare !== undefined) return compare(before, after, path);
    const same = isDeepStrictEqual(before[keyword], after[keyword]);
    return same ? [] : [changed(path, keyword, before[keyword], after[keyword])];
  });
}

type Compare = (before: Schema, after: Schema, path: string) => string[];

const nothing: Compare = () => [];

/** A limit may come to be wider, or to be none. */
function limit(keyword: string, isTighter: (before: number, after: number) => boolean): Compare {
  return (before, after, path) => {
    const [was, is] = [before[keyword], after[keyword]];
    if (is === undefined || (typeof was === "number" && !isTighter(was, Number(is)))) return [];
    return [changed(path, keyword, was, is)];
  };
}

const atMost = (keyword: string): Compare => limit(keyword, (before, after) => after < before);
const atLeast = (keyword: string): Compare => limit(keyword, (before, after) => after > before);

/** A constraint may go, and nothing else. */
const mayGo =
  (keyword: string): Compare =>
  (before, after, path) =>
    after[keyword] === undefined || isDeepStrictEqual(before[keyword], after[keyword])
      ? []
      : [changed(path, keyword, before[keyword], after[keyword])];

/** A freedom may come, and nothing else. */
const mayCome =
  (keyword: string): Compare =>
  (before, after, path) =>
    before[keyword] === true && after[keyword] !== true
      ? [changed(path, keyword, before[keyword], after[keyword])]
      : [];

/** Keywords that are not to stay as they are; any other is. */
const KEYWORDS: Readonly<Record<string, Compare>> = {
  ...{ description: nothing, title: nothing, example: nothing },
  ...{ maximum: atMost("maximum"), maxLength: atMost("maxLength"), maxItems: atMost("maxItems") },
  ...{ maxProperties: atMost("maxProperties"), minProperties: atLeast("minProperties") },
  ...{ minimum: atLeast("minimum"), minLength: atLeast("minLength"), minItems: atLeast("minItems") },
  ...{ pattern: mayGo("pattern"), uniqueItems: mayGo("uniqueItems"), multipleOf: mayGo("multipleOf") },
  nullable: mayCome("nullable"),
  "x-kubernetes-preserve-unknown-fields": mayCome("x-kubernetes-preserve-unknown-fields"),
  enum: ({ enum: was }, { enum: is }, path) => {
    if (is === undefined) return [];
    if (was === undefined) return [changed(path, "enum", was, is)];
    return gone(`${place(path)}value`, was.map(inWords), is.map(inWords));
  },
  required: ({ required: was = [] }, { required: is = [] }, path) =>
    is.filter((name) => !was.includes(name)).map((name) => `${place(path)}${name} is required, and was not`),
  "x-kubernetes-validations": (before, after, path) => {
    const rules = ({ "x-kubernetes-validations": all = [] }: Schema): string[] =>
      all.map(({ rule, optionalOldSelf = false }) => `${rule}${optionalOldSelf ? " (of new ones too)" : ""}`);
    const was = rules(before);
    return rules(after)
      .filter((rule) => !was.includes(rule))
      .map((rule) => `${place(path)}new rule ${rule}`);
  },
  properties: ({ properties: was = {} }, { properties: is = {} }, path) =>
    Object.entries(was).flatMap(([name, before]) => {
      const after = is[name];
      const field = path === "" ? name : `${path}.${name}`;
      return after === undefined ? [`field ${field} is gone`] : schemaBreaks(before, after, field);
    }),
  items: (before, after, path) => inner(before.items, after.items, path, "[]"),
  additionalProperties: (before, after, path) =>
    inner(before.additionalProperties, after.additionalProperties, path, "{}"),
};

function inner(before: Schema | undefined, after: Schema | undefined, path: string, mark: string): string[] {
  if (before !== undefined && after !== undefined) return schemaBreaks(before, after, `${path}${mark}`);
  return [changed(path, mark, before, after)];
}

function gone(what: string, before: readonly string[] = [], after: readonly string[] = []): string[] {
  return before.filter((it) => !after.includes(it)).map((it) => `${what} ${it} is gone, or another`);
}

function changed(path: string, keyword: string, before: unknown, after: unknown): string {
  return `${place(path)}${keyword} is ${inWords(after)}, and was ${inWords(before)}`;
}

function place(path: string): string {
  return path === "" ? "" : `${path}: `;
}

function inWords(value: unknown): string {
  return value === undefined ? "not there" : typeof value === "string" ? value : JSON.stringify(value);
}
