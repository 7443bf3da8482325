import type { DetailedDiff } from "./property-diff.js";
import type { ResourceState } from "./state.js";
import { isSecret, secretSignature, signatureKey, transformAll, type Properties } from "./values.js";

export type Op =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "read"
  | "read-replacement"
  | "refresh"
  | "discard"
  | "remove-pending-replace"
  | "import";

export type Severity = "debug" | "info" | "info#err" | "warning" | "error";

export interface Diagnostic {
  urn: string;
  severity: Severity;
  message: string;
  ephemeral: boolean;
  /** Messages of one stream belong together; 0 is none. */
  streamId: number;
}

/** What a step does, as it was when the event happened; secrets are still in clear. */
export interface StepMetadata {
  op: Op;
  urn: string;
  type: string;
  old: ResourceState | undefined;
  new: ResourceState | undefined;
  /** Properties that force a replacement. */
  keys: string[];
  /** Properties that changed, where the engine or the provider said so. */
  diffs: string[];
  detailedDiff: DetailedDiff | undefined;
  logical: boolean;
  provider: string;
}

export type Changes = Partial<Record<Op, number>>;

export type EngineEvent =
  | { kind: "prelude"; config: Record<string, string> }
  | { kind: "diagnostic"; diagnostic: Diagnostic }
  /** `internal`: of a default provider, which is logged but not shown. */
  | { kind: "resource-pre"; step: StepMetadata; planning: boolean; internal: boolean }
  | { kind: "resource-outputs"; step: StepMetadata; planning: boolean; internal: boolean }
  | { kind: "resource-failed"; step: StepMetadata; steps: number; internal: boolean }
  | { kind: "summary"; planning: boolean; seconds: number; changes: Changes; failed: boolean }
  /** The last event of every operation. */
  | { kind: "end" };

export type EventSink = (event: EngineEvent) => void;

/** The event as Pulumi's event log has it (`EngineEvent` of its API), secrets blinded. */
export function toLogEntry(event: EngineEvent, sequence: number): Record<string, unknown> {
  return { sequence, timestamp: Math.floor(Date.now() / 1000), ...body(event) };
}

function body(event: EngineEvent): Record<string, unknown> {
  switch (event.kind) {
    case "prelude":
      return { preludeEvent: { config: event.config } };
    case "diagnostic":
      return { diagnosticEvent: diagnosticEntry(event.diagnostic) };
    case "resource-pre":
      return { resourcePreEvent: { metadata: stepEntry(event.step), ...(event.planning && { planning: true }) } };
    case "resource-outputs":
      return { resOutputsEvent: { metadata: stepEntry(event.step), ...(event.planning && { planning: true }) } };
    case "resource-failed":
      return { resOpFailedEvent: { metadata: stepEntry(event.step), status: 0, steps: event.steps } };
    case "summary":
      return {
        summaryEvent: {
          maybeCorrupt: false,
          durationSeconds: Math.round(event.seconds),
          resourceChanges: event.changes,
          PolicyPacks: {},
          isPreview: event.planning,
          result: event.failed ? "failed" : "succeeded",
        },
      };
    case "end":
      return { cancelEvent: {} };
  }
}

function diagnosticEntry({ urn, severity, message, ephemeral, streamId }: Diagnostic) {
  return {
    ...(urn && { urn }),
    ...(!severity.startsWith("info") && { prefix: `${severity}: ` }),
    message: message + "\n",
    color: "never",
    severity,
    ...(streamId !== 0 && { streamID: streamId }),
    ...(ephemeral && { ephemeral: true }),
  };
}

function stepEntry(step: StepMetadata) {
  return {
    op: step.op,
    urn: step.urn,
    type: step.type,
    old: stateEntry(step.old),
    new: stateEntry(step.new),
    ...(step.keys.length > 0 && { keys: step.keys }),
    ...(step.diffs.length > 0 && { diffs: step.diffs }),
    detailedDiff: step.detailedDiff ?? null,
    ...(step.logical && { logical: true }),
    provider: step.provider,
  };
}

function stateEntry(state: ResourceState | undefined) {
  if (state === undefined) return null;
  return {
    type: state.type,
    urn: state.urn,
    ...(state.custom && { custom: true }),
    ...(state.delete && { delete: true }),
    id: state.id ?? "",
    parent: state.parent ?? "",
    ...(state.protect && { protect: true }),
    ...(state.external && { external: true }),
    ...(state.retainOnDelete && { retainOnDelete: true }),
    inputs: blinded(state.inputs ?? {}),
    outputs: blinded(state.outputs ?? {}),
    provider: state.provider ?? "",
    ...(state.initErrors && { initErrors: state.initErrors }),
  };
}

function blinded(properties: Properties): Properties {
  return transformAll(properties, (node) =>
    isSecret(node) ? { [signatureKey]: secretSignature, ciphertext: "[secret]" } : node,
  );
}
