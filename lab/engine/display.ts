import { marks, summary, withPrefix, words } from "./display-words.js";
import type { Diagnostic, EngineEvent, EventSink, StepMetadata } from "./events.js";
import { printChange, printProperties, shortDiff } from "./property-printer.js";
import { displayType, parseUrn } from "./urn.js";
import { unknownValue, type Properties } from "./values.js";

export interface DisplayOptions {
  planning: boolean;
  isRefresh: boolean;
  showOutputs: boolean;
  debug: boolean;
  /** The row of messages that belong to no resource. */
  stackUrn: string;
  /** Takes one line, without its end. */
  print: (line: string) => void;
}

interface Row {
  urn: string;
  step: StepMetadata | undefined;
  started: number | undefined;
  ended: number | undefined;
  /** Which properties differ; a step that deletes what is replaced has nothing of its own to compare. */
  diff: string;
  failed: boolean;
  hidden: boolean;
  done: boolean;
  last: Diagnostic | undefined;
  diagnostics: Diagnostic[];
}

/** One line for each thing that happens, then diagnostics, outputs and a summary: Pulumi's display without a terminal. */
export function progressDisplay(options: DisplayOptions): EventSink {
  const display = new ProgressDisplay(options);
  return (event) => display.show(event);
}

class ProgressDisplay {
  private readonly rows = new Map<string, Row>();
  private readonly rootUrn: string;
  private ended = false;
  private summary: Extract<EngineEvent, { kind: "summary" }> | undefined;

  constructor(private readonly options: DisplayOptions) {
    this.rootUrn = options.stackUrn;
  }

  show(event: EngineEvent): void {
    switch (event.kind) {
      case "diagnostic":
        this.diagnostic(event.diagnostic);
        return;
      case "resource-pre":
        if (!event.internal) this.started(event.step);
        return;
      case "resource-outputs":
        if (!event.internal) this.finished(event.step);
        return;
      case "resource-failed":
        if (!event.internal) this.failed(event.step);
        return;
      case "summary":
        this.summary = event;
        return;
      case "end":
        this.end();
        return;
      case "prelude":
        return;
    }
  }

  private diagnostic(diagnostic: Diagnostic): void {
    if (diagnostic.message.trim() === "" || (diagnostic.severity === "debug" && !this.options.debug)) return;
    const row = this.row(diagnostic.urn || this.rootUrn);
    row.last = diagnostic;
    if (!diagnostic.ephemeral) row.diagnostics.push(diagnostic);
    row.hidden = false;
    this.print(row);
  }

  private started(step: StepMetadata): void {
    if (step.op === "read") return;
    const row = this.row(step.urn);
    Object.assign(row, { step, started: Date.now(), ended: undefined, done: false, failed: false });
    if (step.op !== "delete-replaced") row.diff = infoDiff(step);
    this.unhide(row, step);
    this.print(row);
  }

  private finished(step: StepMetadata): void {
    if (step.op === "read") return;
    const row = this.row(step.urn);
    const wasRefresh = row.step?.op === "refresh";
    Object.assign(row, { step, ended: Date.now(), done: true });
    if (step.op !== "delete-replaced") row.diff = infoDiff(step);
    this.unhide(row, step);
    const news = wasRefresh || (!this.options.planning && (step.new ?? step.old)?.custom && step.op !== "same");
    // An outputs event of the stack comes last: its row is printed at the end.
    if (news || (step.op === "delete" && !this.options.planning)) this.print(row);
  }

  private failed(step: StepMetadata): void {
    const row = this.row(step.urn);
    Object.assign(row, { failed: true, hidden: false });
    this.print(row);
  }

  private end(): void {
    this.ended = true;
    for (const row of this.rows.values()) {
      const unfinished = !row.done || row.urn === this.rootUrn || row.failed;
      if (unfinished && !(row.failed && row.urn !== this.rootUrn)) this.print(row);
    }
    this.printDiagnostics();
    this.printOutputs();
    const errored = [...this.rows.values()].filter(hasErrors);
    if (!this.summary) return;
    const { changes, planning, seconds } = this.summary;
    for (const line of summary(changes, planning, seconds, errored.length)) this.options.print(line);
  }

  private row(urn: string): Row {
    const known = this.rows.get(urn);
    if (known) return known;
    const row: Row = {
      ...{ urn, step: undefined, started: undefined, ended: undefined, last: undefined, diagnostics: [], diff: "" },
      ...{ failed: false, hidden: true, done: false },
    };
    this.rows.set(urn, row);
    return row;
  }

  private unhide(row: Row, step: StepMetadata): void {
    if (step.op !== "same" || this.options.isRefresh || metadataDiff(step) !== "") row.hidden = false;
    if (row.urn === this.rootUrn && this.rows.size > 1) row.hidden = false;
  }

  private print(row: Row): void {
    if (row.hidden && !(this.ended && row.urn === this.rootUrn)) return;
    const { type, name } = parseUrn(row.urn);
    const mark = marks[row.step?.op ?? "same"];
    this.options.print(` ${mark} ${displayType(type)} ${name} ${this.status(row)} ${this.info(row)}`);
  }

  private status(row: Row): string {
    const { step } = row;
    if (!step) return this.ended && !this.options.planning && hasErrors(row) ? "**failed**" : "";
    const isRunningRoot = row.urn === this.rootUrn && !this.ended;
    const over = this.ended || row.failed || (row.done && !isRunningRoot);
    if (isRunningRoot && step.op === "same") return "running";
    if (this.options.planning) return words[step.op][over || step.op !== "refresh" ? "plan" : "running"];
    if (row.failed || (over && hasErrors(row)))
      return `**${[words[step.op].running.split(" ")[0], "failed"].join(" ").trim()}**`;
    if (!over) return step.op === "same" ? "" : `${words[step.op].running} (${seconds(row.started, Date.now(), 0)}s)`;
    if (step.op === "same" || !row.ended) return words[step.op].done;
    const took = row.ended - (row.started ?? row.ended);
    return `${words[step.op].done} (${seconds(row.started, row.ended, took < 1000 ? 2 : 0)}s)`;
  }

  private info(row: Row): string {
    const changes = row.diff;
    const parts = changes ? [`[${changes}]`] : [];
    if (this.ended) parts.push(...counts(row.diagnostics));
    else if (row.last) parts.push(withPrefix(row.last).split("\n")[0] ?? "");
    return parts.join("; ");
  }

  private printDiagnostics(): void {
    const { print } = this.options;
    const rows = [...this.rows.values()].filter((row) => row.diagnostics.length > 0);
    if (rows.length > 0) print("Diagnostics:");
    for (const row of rows) {
      const { type, name } = parseUrn(row.urn);
      print(`  ${displayType(type)} (${name}):`);
      for (const diagnostic of row.diagnostics) {
        for (const line of withPrefix(diagnostic).trimEnd().split("\n")) print(`    ${line.trimEnd()}`);
      }
      print("");
    }
  }

  private printOutputs(): void {
    const step = this.rows.get(this.rootUrn)?.step;
    if (!step || !this.options.showOutputs || step.op === "delete") return;
    const lines = outputLines(step, this.options.planning);
    if (lines.length === 0) return;
    for (const line of ["Outputs:", ...lines, ""]) this.options.print(line);
  }
}

/** The stack's outputs: all after the deed, only the changed ones before it. */
export function outputLines(step: StepMetadata, planning: boolean): string[] {
  const news = step.new?.outputs ?? {};
  if (step.op === "create" || !step.old) return printProperties(news, 1);
  const olds = step.old.outputs ?? {};
  return planning ? printChange(olds, withoutUnknown(news, olds), 1, false) : printChange(olds, news, 1, true);
}

/** What isn't known yet may well stay as it was. */
function withoutUnknown(news: Properties, olds: Properties): Properties {
  return Object.fromEntries(
    Object.entries(news).map(([key, value]) => [
      key,
      value === unknownValue && olds[key] !== undefined ? olds[key] : value,
    ]),
  );
}

function infoDiff(step: StepMetadata): string {
  const { old, new: state } = step;
  if (!old || !state) return "";
  const changed = step.op === "same" ? "" : shortDiff(old.inputs ?? {}, state.inputs ?? {}, step.detailedDiff);
  const all = changed + metadataDiff(step);
  return all ? `diff: ${all}` : "";
}

function hasErrors({ diagnostics }: Row): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

function metadataDiff({ old, new: state }: StepMetadata): string {
  if (!old || !state) return "";
  return (old.protect ?? false) !== (state.protect ?? false) ? "~protect" : "";
}

function counts(diagnostics: Diagnostic[]): string[] {
  const count = (...severities: string[]) => diagnostics.filter((it) => severities.includes(it.severity)).length;
  const plural = (number: number, word: string) =>
    number === 0 ? [] : [`${number} ${word}${number === 1 ? "" : "s"}`];
  return [
    ...plural(count("error"), "error"),
    ...plural(count("warning"), "warning"),
    ...plural(count("info", "info#err"), "message"),
  ];
}

function seconds(from: number | undefined, to: number, digits: number): string {
  const value = (to - (from ?? to)) / 1000;
  return digits === 0 ? String(Math.floor(value)) : value.toFixed(digits);
}
