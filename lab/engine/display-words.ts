import type { Changes, Diagnostic, Op, StepMetadata } from "./events.js";
import { stackType } from "./urn.js";

/** Marks of the operations, as in the left column of Pulumi's display. */
export const marks: Record<Op, string> = {
  same: "  ",
  create: "+ ",
  update: "~ ",
  delete: "- ",
  replace: "+-",
  "create-replacement": "++",
  "delete-replaced": "--",
  read: "> ",
  "read-replacement": ">>",
  refresh: "~ ",
  discard: "< ",
  "remove-pending-replace": "~ ",
  import: "= ",
};

interface Words {
  plan: string;
  running: string;
  done: string;
}

export const words: Record<Op, Words> = {
  same: { plan: "", running: "", done: "" },
  create: { plan: "create", running: "creating", done: "created" },
  update: { plan: "update", running: "updating", done: "updated" },
  delete: { plan: "delete", running: "deleting", done: "deleted" },
  replace: { plan: "replace", running: "replacing", done: "replaced" },
  "create-replacement": {
    plan: "create replacement",
    running: "creating replacement",
    done: "created replacement",
  },
  "delete-replaced": { plan: "delete original", running: "deleting original", done: "deleted original" },
  read: { plan: "read", running: "reading", done: "read" },
  "read-replacement": { plan: "read", running: "reading", done: "read" },
  refresh: { plan: "refresh", running: "refreshing", done: "refresh" },
  discard: { plan: "discard", running: "discarding", done: "discarded" },
  "remove-pending-replace": { plan: "", running: "", done: "" },
  import: { plan: "import", running: "importing", done: "imported" },
};

const order = Object.keys(marks) as Op[];

export function isRoot(step: StepMetadata): boolean {
  return step.type === stackType;
}

/** The text of a diagnostic with the word for its severity before it. */
export function withPrefix({ severity, message }: Diagnostic): string {
  return severity === "error" || severity === "warning" || severity === "debug" ? `${severity}: ${message}` : message;
}

/** The section `Resources:` and, after the deed, `Duration:`. */
export function summary(changes: Changes, planning: boolean, seconds: number, errored: number): string[] {
  const changed = order.filter((op) => (changes[op] ?? 0) > 0 && !["same", "read", "discard"].includes(op));
  const lines = changed.map((op) => {
    const verb = planning ? `to ${op}` : words[op].done;
    return `    ${marks[op]}${changes[op] ?? 0} ${verb}`;
  });
  const total = changed.reduce((sum, op) => sum + (changes[op] ?? 0), 0);
  const pieces = [
    ...(changed.length >= 2 ? [`${total} ${total === 1 ? "change" : "changes"}`] : []),
    ...(changes.same ? [`${changes.same} unchanged`] : []),
  ];
  return [
    "Resources:",
    ...lines,
    ...(pieces.length > 0 ? [`    ${pieces.join(". ")}`] : []),
    ...(errored > 0 ? [`    ${errored} errored`] : []),
    "",
    ...(planning ? [] : [`Duration: ${duration(Math.ceil(seconds))}`, ""]),
  ];
}

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}h` : ""}${seconds >= 60 ? `${minutes}m` : ""}${seconds % 60}s`;
}
