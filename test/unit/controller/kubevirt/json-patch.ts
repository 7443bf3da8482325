import type { JsonPatchStep } from "../../../../kube/client.js";

type Container = Record<string, unknown> | unknown[];

/** What the API server makes of an object by these steps (RFC 6902). @throws where a step does not fit it. */
export function patched<T>(object: T, steps: readonly JsonPatchStep[]): T {
  const copy = structuredClone(object);
  for (const step of steps) take(copy, step);
  return copy;
}

function take(object: unknown, step: JsonPatchStep): void {
  const names = step.path.slice(1).split("/").map(unescaped);
  const last = names.pop() ?? "";
  let at = object;
  for (const name of names) at = member(at, name);
  if (typeof at !== "object" || at === null) throw new Error(`there is nothing at ${step.path}`);
  const container = at as Container;
  switch (step.op) {
    case "test":
      if (member(container, last) !== step.value) throw new Error(`testing ${step.path} failed`);
      return;
    case "remove":
      remove(container, last);
      return;
    case "add":
      add(container, last, step.value);
      return;
    case "replace":
      throw new Error("no plan replaces anything");
  }
}

function add(container: Container, name: string, value: unknown): void {
  if (!Array.isArray(container)) container[name] = value;
  else if (name === "-") container.push(value);
  else container.splice(Number(name), 0, value);
}

function remove(container: Container, name: string): void {
  if (member(container, name) === undefined) throw new Error(`there is no ${name} to remove`);
  if (Array.isArray(container)) container.splice(Number(name), 1);
  else Reflect.deleteProperty(container, name);
}

function member(container: unknown, name: string): unknown {
  if (typeof container !== "object" || container === null) throw new Error(`nothing has a member ${name}`);
  return (container as Readonly<Record<string, unknown>>)[name];
}

function unescaped(name: string): string {
  return name.replaceAll("~1", "/").replaceAll("~0", "~");
}
