import { omit } from "./omit.js";
import { equal, isObject, isSecret, transform, type Properties, type Value } from "./values.js";

export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

/** By property path, such as `spec.ports[0]`. `inputDiff` says that inputs were compared, not inputs with outputs. */
export type DetailedDiff = Record<string, { diffKind: DiffKind; inputDiff: boolean }>;

/** What changed between two sets of inputs, path by path; secrets compare by their value. */
export function compare(olds: Properties, news: Properties): DetailedDiff {
  const found: DetailedDiff = {};
  walk([], reveal(olds), reveal(news), (path, kind) => (found[formatPath(path)] = { diffKind: kind, inputDiff: true }));
  return found;
}

export function changedKeys(diff: DetailedDiff): string[] {
  return [...new Set(Object.keys(diff).map((path) => String(parsePath(path)[0])))].sort();
}

/** The same diff seen from the other side: what was added was deleted. */
export function invert(diff: DetailedDiff): DetailedDiff {
  const other: Record<DiffKind, DiffKind> = {
    add: "delete",
    "add-replace": "delete-replace",
    delete: "add",
    "delete-replace": "add-replace",
    update: "update",
    "update-replace": "update-replace",
  };
  return Object.fromEntries(
    Object.entries(diff).map(([path, { diffKind, inputDiff }]) => [path, { diffKind: other[diffKind], inputDiff }]),
  );
}

export type Path = (string | number)[];

function reveal(value: Value): Value {
  return transform(value, (node) => (isSecret(node) ? node.value : node)) ?? null;
}

function walk(
  path: Path,
  old: Value | undefined,
  value: Value | undefined,
  report: (path: Path, kind: DiffKind) => void,
): void {
  if (equal(old, value)) return;
  if (old === undefined) report(path, "add");
  else if (value === undefined) report(path, "delete");
  else if (isObject(old) && isObject(value)) {
    for (const key of [...new Set([...Object.keys(old), ...Object.keys(value)])].sort()) {
      if (path.length === 0 && key.startsWith("__")) {
        if (!equal(old[key], value[key])) report([key], kindOf(old[key], value[key]));
      } else walk([...path, key], old[key], value[key], report);
    }
  } else if (Array.isArray(old) && Array.isArray(value)) {
    for (let i = 0; i < Math.max(old.length, value.length); i++) walk([...path, i], old[i], value[i], report);
  } else report(path, "update");
}

function kindOf(old: Value | undefined, value: Value | undefined): DiffKind {
  if (old === undefined) return "add";
  return value === undefined ? "delete" : "update";
}

/** `a.b[0]["c.d"]` as `["a", "b", 0, "c.d"]`; `[*]` and `*` are the wildcard `"*"`. */
export function parsePath(path: string): Path {
  const parts: Path = [];
  for (const [, quoted, index, name] of path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.[\]]+)/g)) {
    if (quoted !== undefined) parts.push(quoted.replace(/\\(.)/g, "$1"));
    else if (index !== undefined) parts.push(index === "*" ? "*" : Number(index));
    else if (name !== undefined) parts.push(name);
  }
  return parts;
}

function formatPath(path: Path): string {
  return path
    .map((part, i) => {
      if (typeof part === "number") return `[${part}]`;
      if (/["[\].]/.test(part) || part === "") return `[${JSON.stringify(part)}]`;
      return i === 0 ? part : `.${part}`;
    })
    .join("");
}

/** True if the pattern names the path or something above it. */
export function covers(pattern: Path, path: Path): boolean {
  return pattern.length <= path.length && pattern.every((part, i) => part === "*" || String(part) === String(path[i]));
}

/** `inputs` with the old value put back at each path of `ignoreChanges`. */
export function withIgnoredChanges(inputs: Properties, olds: Properties, ignoreChanges: string[]): Properties {
  let result: Value = inputs;
  for (const path of ignoreChanges) result = reset(result, olds, parsePath(path)) ?? {};
  return isObject(result) ? result : inputs;
}

function reset(value: Value | undefined, old: Value | undefined, path: Path): Value | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return old;
  if (head === "*") {
    const container = value ?? old;
    if (Array.isArray(container)) {
      return container.reduce<Value | undefined>((whole, _, i) => reset(whole, old, [i, ...rest]), value);
    }
    const keys = [...Object.keys(isObject(value) ? value : {}), ...Object.keys(isObject(old) ? old : {})];
    return [...new Set(keys)].reduce<Value | undefined>((whole, key) => reset(whole, old, [key, ...rest]), value);
  }
  if (Array.isArray(value)) {
    const oldItem = Array.isArray(old) ? old[Number(head)] : undefined;
    return value.map((item, i) => (i === Number(head) ? (reset(item, oldItem, rest) ?? null) : item));
  }
  if (!isObject(value)) return value;
  const item = reset(value[head], isObject(old) ? old[head] : undefined, rest);
  return item === undefined ? omit(value, head) : { ...value, [head]: item };
}
