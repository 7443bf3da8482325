import { isRoot, withPrefix } from "./display-words.js";
import type { EventSink, StepMetadata } from "./events.js";
import type { ResourceState } from "./state.js";
import { masked } from "./values.js";

/**
 * `preview --json`: collects the events into the one document that Pulumi prints, and prints it at the end.
 *
 * @param showReplacementSteps whether a replacement is shown with its single steps.
 */
export function previewDigest(print: (text: string) => void, showReplacementSteps = false): EventSink {
  const steps: Record<string, unknown>[] = [];
  const diagnostics: Record<string, unknown>[] = [];
  const head: Record<string, unknown> = {};
  const tail: Record<string, unknown> = {};
  return (event) => {
    switch (event.kind) {
      case "prelude":
        if (Object.keys(event.config).length > 0) head["config"] = event.config;
        return;
      case "diagnostic": {
        const { urn, severity, ephemeral, message } = event.diagnostic;
        if (ephemeral || severity === "debug") return;
        const text = withPrefix(event.diagnostic) + (message.endsWith("\n") ? "" : "\n");
        diagnostics.push({ ...(urn && { urn }), message: text, severity });
        return;
      }
      case "resource-pre":
        if (!event.internal && worthShowing(event.step, showReplacementSteps)) steps.push(stepEntry(event.step));
        return;
      case "resource-outputs": {
        const { step } = event;
        const at = steps.findIndex((entry) => entry["urn"] === step.urn && entry["op"] === "refresh");
        if (at >= 0 && ["update", "delete"].includes(step.op)) steps[at] = stepEntry(step);
        return;
      }
      case "summary":
        tail["duration"] = Math.round(event.seconds * 1e9);
        tail["changeSummary"] = event.changes;
        return;
      case "end":
        print(
          JSON.stringify(
            {
              ...head,
              ...(steps.length > 0 && { steps }),
              ...(diagnostics.length > 0 && { diagnostics }),
              ...tail,
            },
            null,
            4,
          ),
        );
        return;
      default:
        return;
    }
  };
}

function worthShowing(step: StepMetadata, showReplacementSteps: boolean): boolean {
  const isShown = step.logical || step.op === "refresh" || (showReplacementSteps && REPLACEMENT_STEPS.has(step.op));
  return isRoot(step) || (step.op !== "same" && isShown);
}

const REPLACEMENT_STEPS: ReadonlySet<string> = new Set(["create-replacement", "delete-replaced"]);

function stepEntry(step: StepMetadata): Record<string, unknown> {
  return {
    op: step.op,
    urn: step.urn,
    ...(step.provider && { provider: step.provider }),
    ...(step.old && { oldState: stateEntry(step.old) }),
    ...(step.new && { newState: stateEntry(step.new) }),
    ...(step.diffs.length > 0 && { diffReasons: step.diffs }),
    ...(step.keys.length > 0 && { replaceReasons: step.keys }),
    detailedDiff:
      step.detailedDiff &&
      Object.fromEntries(
        Object.entries(step.detailedDiff).map(([path, { diffKind, inputDiff }]) => [
          path,
          { kind: diffKind, inputDiff },
        ]),
      ),
  };
}

function stateEntry(state: ResourceState): Record<string, unknown> {
  return {
    ...state,
    ...(state.inputs && { inputs: masked(state.inputs) }),
    ...(state.outputs && { outputs: masked(state.outputs) }),
  };
}
