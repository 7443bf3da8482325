import { type Impact, readImpacts, type UsedFunction } from "../../plan/impact/impact.js";
import { isUntold } from "../../plan/impact/untold.js";
import type { Preview, PreviewDiagnostic, PreviewStep } from "./preview.js";
import { propertiesOf, resourceKind, urnParts } from "./resources.js";

/** What a preview would do to hardware, and to whom. */
export interface ImpactReport {
  readonly rows: readonly ImpactRow[];
  /** Sentences: why it is not the whole truth. */
  readonly untold: readonly string[];
}

/** What becomes of one object of one resource. */
export interface ImpactRow {
  readonly urn: string;
  /** `SriovNetworkDevice`; empty where nobody says of which resource it is told. */
  readonly type: string;
  /** The resource's name in the program. */
  readonly name: string;
  /** Of a NIC, claim, network or policy. */
  readonly object: string;
  readonly nodeName?: string;
  readonly change: string;
  readonly destroyed: number;
  readonly created: number;
  readonly inUse: readonly UsedFunction[];
  readonly outcome: Impact["outcome"];
}

/** What deleting a resource does, or why that is not known. */
export type ForeseenDelete = { readonly impacts: readonly Impact[] } | { readonly problem: string };

/** Worst first. */
export enum Verdict {
  /** Something in use goes, or would go and is refused. */
  lost = "lost",
  /** It could not be told of all resources. */
  unknown = "unknown",
  none = "none",
}

/** Pure. `deletes` tells of resources that go, by URN. */
export function impactReport(preview: Preview, deletes: ReadonlyMap<string, ForeseenDelete>): ImpactReport {
  const rows = [
    ...preview.diagnostics.flatMap(({ urn = "", message }) => rowsOf(urn, readImpacts(message))),
    ...[...deletes].flatMap(([urn, foreseen]) => ("impacts" in foreseen ? rowsOf(urn, foreseen.impacts) : [])),
  ];
  const told = new Set(rows.map(({ urn }) => urn));
  const others = preview.steps
    .filter(({ urn }) => !told.has(urn))
    .flatMap((step) => stepRow(step, hasProblem(deletes.get(step.urn))));
  const problems = [...deletes].flatMap(([urn, foreseen]) =>
    "problem" in foreseen ? [`what deleting ${quoted(urn)} does: ${foreseen.problem}`] : [],
  );
  return {
    rows: worstOfEach([...rows, ...others]),
    untold: [...failures(preview.diagnostics), ...unseen(preview.diagnostics), ...problems],
  };
}

/** Pure. */
export function verdictOf({ rows, untold }: ImpactReport): Verdict {
  if (rows.some(isLoss)) return Verdict.lost;
  return untold.length > 0 || rows.some(({ outcome }) => outcome === "unknown") ? Verdict.unknown : Verdict.none;
}

/** Something in use goes, or would. */
export function isLoss({ outcome, inUse }: ImpactRow): boolean {
  return inUse.length > 0 && (outcome === "refused" || outcome === "proceeds");
}

function rowsOf(urn: string, impacts: readonly Impact[]): ImpactRow[] {
  const { type, name } = urnParts(urn);
  return impacts.map(({ kind: _, ...impact }) => ({ urn, type: resourceKind(type)?.name ?? "", name, ...impact }));
}

/** For a resource of which no impact is told: nothing becomes of VFs, if that could be seen. */
function stepRow({ op, urn, oldState, newState }: PreviewStep, isUntold: boolean): ImpactRow[] {
  const { type, name } = urnParts(urn);
  const kind = resourceKind(type);
  if (kind === undefined || !CHANGES.has(op)) return [];
  const state = propertiesOf(newState ?? oldState);
  const unknown = newState === undefined ? undefined : kind.unknownProblem(newState.inputs ?? {});
  const { nodeName } = state;
  const base = { urn, type: kind.name, name, object: kind.objectOf(state), destroyed: 0, created: 0, inUse: [] };
  return [
    {
      ...base,
      ...(typeof nodeName === "string" && { nodeName }),
      change: unknown === undefined ? op : `${op}, ${unknown}`,
      outcome: unknown === undefined && !isUntold ? "none" : "unknown",
    },
  ];
}

/** Steps that may change something; the others only look, or let go of what stays as it is. */
const CHANGES: ReadonlySet<string> = new Set([
  "create",
  "update",
  "replace",
  "create-replacement",
  "delete",
  "delete-replaced",
]);

/** Engines check a resource that is replaced twice, and a delete is asked for beside it. */
function worstOfEach(rows: readonly ImpactRow[]): ImpactRow[] {
  const worst = new Map<string, ImpactRow>();
  for (const row of rows) {
    const key = JSON.stringify([row.urn, row.object]);
    const known = worst.get(key);
    if (known === undefined || severity(row) > severity(known)) worst.set(key, row);
  }
  return [...worst.values()];
}

const SEVERITY: readonly Impact["outcome"][] = ["none", "unknown", "proceeds", "refused"];

function severity({ outcome, destroyed, inUse }: ImpactRow): number {
  return SEVERITY.indexOf(outcome) * 1e9 + inUse.length * 1e4 + destroyed;
}

/** What a preview that has failed does not come to tell. Errors that tell of an impact stand in the rows. */
function failures(diagnostics: readonly PreviewDiagnostic[]): string[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const others = errors.filter(({ message }) => readImpacts(message).length === 0 && !LAST_WORD.test(message.trim()));
  const told = others.map(({ urn, message }) => {
    const [line = ""] = message.trim().split("\n");
    return `the preview failed${urn === undefined ? "" : ` at ${quoted(urn)}`}: ${line.replace(/^error: /, "")}`;
  });
  if (told.length > 0 || errors.length === 0) return told;
  return errors.some(({ message }) => readImpacts(message).length > 0)
    ? ["the preview ends at what is refused: resources that depend on it, and deletes, are not in it"]
    : ["the preview failed for a reason that its JSON does not tell, such as a policy pack's"];
}

/** What check was not let see, in its own words: policies of whose NICs nobody is told. */
function unseen(diagnostics: readonly PreviewDiagnostic[]): string[] {
  const own = diagnostics.filter(({ urn = "" }) => resourceKind(urnParts(urn).type) !== undefined);
  const blind = own.filter(({ severity, message }) => severity === "warning" && isUntold(message));
  return blind
    .filter(({ message }) => readImpacts(message).length === 0)
    .map(({ urn = "", message }) => `${quoted(urn)}: ${message.trim().replace(/^warning: /, "")}`);
}

/** With which an engine ends what it has told the reasons of. */
const LAST_WORD = /^(error: )?preview failed$/;

function hasProblem(foreseen: ForeseenDelete | undefined): boolean {
  return foreseen !== undefined && "problem" in foreseen;
}

function quoted(urn: string): string {
  const { type, name } = urnParts(urn);
  return `${type.split(":").at(-1) ?? ""} "${name}"`;
}
