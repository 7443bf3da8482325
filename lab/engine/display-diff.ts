import { outputLines } from "./display.js";
import { isRoot, marks, summary, withPrefix } from "./display-words.js";
import type { EngineEvent, EventSink, StepMetadata } from "./events.js";
import { printChange, printProperties, type Mark } from "./property-printer.js";
import type { ResourceState } from "./state.js";
import { displayType, parseReference, parseUrn } from "./urn.js";

/** `--diff`: each resource that changes with its properties, old and new. */
export function diffDisplay(options: { showOutputs: boolean; print: (line: string) => void }): EventSink {
  const seen = new Map<string, StepMetadata>();
  const errored = new Set<string>();
  const { print } = options;
  const show = (step: StepMetadata) => {
    for (const line of describe(step, depth(step, seen))) print(line);
  };
  return (event: EngineEvent) => {
    switch (event.kind) {
      case "diagnostic":
        if (event.diagnostic.severity === "debug" || event.diagnostic.ephemeral) return;
        if (event.diagnostic.severity === "error") errored.add(event.diagnostic.urn);
        print(withPrefix(event.diagnostic).trimEnd());
        return;
      case "resource-pre":
        if (event.internal) return;
        seen.set(event.step.urn, event.step);
        if (event.step.op !== "refresh" && worthShowing(event.step)) show(event.step);
        return;
      case "resource-outputs": {
        const { step } = event;
        if (event.internal) return;
        if (seen.get(step.urn)?.op === "refresh" && step.op === "update") show(step);
        if (!isRoot(step) || !options.showOutputs || step.op === "refresh" || step.op === "delete") return;
        const lines = outputLines(step, event.planning);
        for (const line of lines.length > 0 ? ["    --outputs:--", ...lines] : []) print(line);
        return;
      }
      case "summary":
        for (const line of summary(event.changes, event.planning, event.seconds, errored.size)) print(line);
        return;
      default:
        return;
    }
  };
}

function worthShowing(step: StepMetadata): boolean {
  return isRoot(step) || (step.op !== "same" && step.logical && step.op !== "read");
}

function depth(step: StepMetadata, seen: Map<string, StepMetadata>): number {
  let depth = 0;
  for (let parent = parentOf(step); parent;) {
    const above = seen.get(parent);
    if (!above) break;
    if (worthShowing(above)) depth++;
    parent = parentOf(above);
  }
  return depth;
}

function parentOf(step: StepMetadata): string | undefined {
  return (step.new ?? step.old)?.parent;
}

function describe(step: StepMetadata, indent: number): string[] {
  const margin = "    ".repeat(indent);
  const { old, new: state } = step;
  const lock = (state ?? old)?.protect ? " 🔒" : old?.protect ? " 🔓" : "";
  const provider = step.provider ? parseUrn(parseReference(step.provider).urn).name : "default";
  return [
    `${margin}${marks[step.op]}${displayType(step.type)}: (${step.op})${lock}`,
    ...(old?.id ? [`${margin}    [id=${old.id}]`] : []),
    `${margin}    [urn=${step.urn}]`,
    ...(/^default(_|$)/.test(provider) ? [] : [`${margin}    [provider=${step.provider}]`]),
    ...(step.op === "same" ? [] : details(step, indent + 1)),
  ];
}

function details({ op, old, new: state, detailedDiff }: StepMetadata, indent: number): string[] {
  const mark = marks[op] as Mark;
  const known = (it: ResourceState) => it.outputs ?? {};
  if (!old) return state ? printProperties(state.inputs ?? {}, indent) : [];
  if (!state) return printProperties(old.inputs ?? {}, indent, mark === "- " ? "  " : mark);
  if (detailedDiff && op !== "refresh") return printChange(old.inputs ?? {}, state.inputs ?? {}, indent, false);
  const compared = Object.keys(known(state)).length > 0;
  return compared
    ? printChange(known(old), known(state), indent, true)
    : printChange(old.inputs ?? {}, state.inputs ?? {}, indent, true);
}
