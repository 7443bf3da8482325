import { changedKeys, type DetailedDiff } from "./property-diff.js";
import { equal, isObject, isSecret, transformAll, unknownValue, type Properties, type Value } from "./values.js";

/** The mark of a line: what happens to the property. */
export type Mark = "  " | "+ " | "- " | "~ ";

/** Lines of `key: value`, aligned, as Pulumi prints properties; keys that start with `__` are not for people. */
export function printProperties(properties: Properties, indent: number, mark: Mark = "  "): string[] {
  // Pulumi's columns leave room for the keys that aren't shown, too.
  const width = Math.max(0, ...Object.keys(properties).map((key) => key.length));
  const shown = entriesOf(forEyes(properties)).filter(([, value]) => isTelling(value));
  return printEntries(shown, indent, mark, width);
}

/** The same for a change: only what differs, unless `withSame`. */
export function printChange(olds: Properties, news: Properties, indent: number, withSame: boolean): string[] {
  return printObjectChange(forEyes(olds), forEyes(news), indent, withSame);
}

/** The short form that stands on a resource's line: `+added-deleted~updated`, top-level keys. */
export function shortDiff(olds: Properties, news: Properties, detailed: DetailedDiff | undefined): string {
  const only = detailed && new Set(changedKeys(detailed));
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
  const shown = keys.filter(
    (key) => !key.startsWith("__") && (only ? only.has(key) : !equal(reveal(olds[key]), reveal(news[key]))),
  );
  const added = shown.filter((key) => olds[key] === undefined);
  const deleted = shown.filter((key) => news[key] === undefined);
  const updated = shown.filter((key) => olds[key] !== undefined && news[key] !== undefined);
  const part = (mark: string, list: string[]) => (list.length > 0 ? mark + list.join(",") : "");
  return part("+", added) + part("-", deleted) + part("~", updated);
}

/** What is empty is left out where it stands at the top, or is as it was. */
function isTelling(value: Value): boolean {
  if (value === null || value === "") return false;
  return isScalar(value) || Object.keys(value).length > 0;
}

function reveal(value: Value | undefined): Value | undefined {
  return value === undefined
    ? undefined
    : transformAll({ value }, (node) => (isSecret(node) ? node.value : node))["value"];
}

function forEyes(properties: Properties): Properties {
  return transformAll(properties, (node) => {
    if (isSecret(node)) return secretText;
    return node === unknownValue ? unknownText : node;
  });
}

// Strings that no program has: told apart from text when printed.
const secretText = "\u0000[secret]";
const unknownText = "\u0000[unknown]";

function entriesOf(properties: Properties): [string, Value][] {
  return Object.entries(properties)
    .filter(([key]) => !key.startsWith("__"))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function margin(indent: number, mark: Mark): string {
  return "    ".repeat(indent).slice(0, -2) + mark;
}

function title(key: string, width: number, indent: number, mark: Mark): string {
  return `${margin(indent, mark)}${key.padEnd(width)}: `;
}

function printEntries(
  entries: [string, Value][],
  indent: number,
  mark: Mark,
  width = Math.max(0, ...entries.map(([key]) => key.length)),
): string[] {
  return entries.flatMap(([key, value]) => printValue(value, title(key, width, indent, mark), indent, mark));
}

function printValue(value: Value, head: string, indent: number, mark: Mark): string[] {
  if (isObject(value) && Object.keys(value).length > 0) {
    return [`${head}{`, ...printEntries(entriesOf(value), indent + 1, mark), `${margin(indent, "  ")}}`];
  }
  if (Array.isArray(value) && value.length > 0) {
    const lines = value.flatMap((item, i) => printValue(item, `${margin(indent, mark)}    [${i}]: `, indent + 1, mark));
    return [`${head}[`, ...lines, `${margin(indent, "  ")}]`];
  }
  return [head + scalar(value)];
}

function isScalar(value: Value): boolean {
  return !Array.isArray(value) && !isObject(value);
}

function scalar(value: Value): string {
  if (typeof value === "string" && value.startsWith("\u0000")) return value.slice(1);
  return value === null ? "<null>" : JSON.stringify(value);
}

function printObjectChange(olds: Properties, news: Properties, indent: number, withSame: boolean): string[] {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter((key) => !key.startsWith("__")).sort();
  const shown = withSame ? keys : keys.filter((key) => !equal(olds[key], news[key]));
  const width = Math.max(0, ...shown.map((key) => key.length));
  return shown.flatMap((key) =>
    printItemChange(olds[key], news[key], (mark) => title(key, width, indent, mark), indent, withSame),
  );
}

function printItemChange(
  old: Value | undefined,
  value: Value | undefined,
  head: (mark: Mark) => string,
  indent: number,
  withSame: boolean,
): string[] {
  if (old === undefined) return value === undefined ? [] : printValue(value, head("+ "), indent, "+ ");
  if (value === undefined) return printValue(old, head("- "), indent, "- ");
  if (equal(old, value)) return isTelling(value) ? printValue(value, head("  "), indent, "  ") : [];
  if (isObject(old) && isObject(value)) {
    return [`${head("~ ")}{`, ...printObjectChange(old, value, indent + 1, withSame), `${margin(indent, "  ")}}`];
  }
  if (Array.isArray(old) && Array.isArray(value)) {
    const length = Math.max(old.length, value.length);
    const lines = Array.from({ length }, (_, i) => i)
      .filter((i) => withSame || !equal(old[i], value[i]))
      .flatMap((i) => {
        const itemHead = (mark: Mark) => `${margin(indent + 1, mark)}[${i}]: `;
        return printItemChange(old[i], value[i], itemHead, indent + 2, withSame);
      });
    return [`${head("~ ")}[`, ...lines, `${margin(indent, "  ")}]`];
  }
  if (isScalar(old) && isScalar(value)) return [`${head("~ ")}${scalar(old)} => ${scalar(value)}`];
  return [...printValue(old, head("- "), indent, "- "), ...printValue(value, head("+ "), indent, "+ ")];
}
