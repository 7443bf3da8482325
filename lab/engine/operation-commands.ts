import { availableParallelism } from "node:os";
import { createInterface } from "node:readline/promises";
import type { Arguments, Flag } from "./command-line.js";
import { UsageError } from "./command-line.js";
import type { UpdateInfo } from "./backend.js";
import { diffDisplay } from "./display-diff.js";
import { progressDisplay } from "./display.js";
import { openEventLog } from "./event-log.js";
import { toLogEntry, type Changes, type EventSink } from "./events.js";
import { ExitStatus } from "./exit-status.js";
import { generatedProgramError, readImportFile, type ImportSpec } from "./import.js";
import { withInterrupts } from "./interrupts.js";
import { Operation, type OperationOptions, type OperationResult, type Stack } from "./operation.js";
import { previewDigest } from "./preview-digest.js";
import { stackUrn } from "./urn.js";
import { Targets } from "./targets.js";
import type { Workspace } from "./workspace.js";

type Kind = OperationOptions["kind"];

const ignored = ["debug", "suppress-progress", "suppress-permalink", "show-config", "show-reads", "show-sames"];
const alsoIgnored = ["skip-pending-creates", "continue-on-error", "show-full-output", "show-secrets"];

export const operationFlags: Record<string, Flag> = {
  yes: { kind: "boolean", short: "y" },
  "skip-preview": { kind: "boolean", short: "f" },
  "preview-only": { kind: "boolean" },
  diff: { kind: "boolean" },
  json: { kind: "boolean", short: "j" },
  refresh: { kind: "boolean", short: "r" },
  "expect-no-changes": { kind: "boolean" },
  "suppress-outputs": { kind: "boolean" },
  "show-replacement-steps": { kind: "boolean" },
  "clear-pending-creates": { kind: "boolean" },
  "exclude-protected": { kind: "boolean" },
  "target-dependents": { kind: "boolean" },
  "run-program": { kind: "boolean" },
  target: { kind: "list", short: "t" },
  exclude: { kind: "list" },
  replace: { kind: "list" },
  "target-replace": { kind: "list" },
  config: { kind: "list", short: "c" },
  parallel: { kind: "string", short: "p" },
  message: { kind: "string", short: "m" },
  "event-log": { kind: "string" },
  "exec-kind": { kind: "string" },
  "exec-agent": { kind: "string" },
  client: { kind: "string" },
  ...Object.fromEntries([...ignored, ...alsoIgnored].map((name) => [name, { kind: "boolean" } as const])),
};

export const importFlags: Record<string, Flag> = {
  ...operationFlags,
  file: { kind: "string", short: "f" },
  "skip-preview": { kind: "boolean" },
  "generate-code": { kind: "boolean" },
  protect: { kind: "boolean" },
};

const titles: Record<Kind, { preview: string; deed: string; kindOfUpdate: UpdateInfo["kind"] }> = {
  update: { preview: "Previewing update", deed: "Updating", kindOfUpdate: "update" },
  refresh: { preview: "Previewing refresh", deed: "Refreshing", kindOfUpdate: "refresh" },
  destroy: { preview: "Previewing destroy", deed: "Destroying", kindOfUpdate: "destroy" },
  import: { preview: "Previewing import", deed: "Importing", kindOfUpdate: "resource-import" },
};

/** `pulumi preview` */
export function preview(workspace: Workspace, args: Arguments): Promise<number> {
  return perform("update", workspace.stack(), args, { previewOnly: true });
}

/** `pulumi up`, `refresh` and `destroy` */
export function deed(kind: Kind): (workspace: Workspace, args: Arguments) => Promise<number> {
  return (workspace, args) => perform(kind, workspace.stack(), args, { previewOnly: args.has("preview-only") });
}

/** `pulumi import --file FILE` */
export async function importResources(workspace: Workspace, args: Arguments): Promise<number> {
  if (args.get("file") === undefined) throw new UsageError("import: the stand-in engine takes --file FILE alone");
  const stack = workspace.stack();
  const imports = importsOf(args);
  const status = await perform("import", stack, args, { previewOnly: args.has("preview-only") });
  if (status === ExitStatus.ok && args.get("generate-code") !== "false") throw generatedProgramError(imports);
  return status;
}

function importsOf(args: Arguments): readonly ImportSpec[] {
  const file = args.get("file");
  return file === undefined ? [] : readImportFile(file, args.get("protect") !== "false");
}

async function perform(kind: Kind, stack: Stack, args: Arguments, { previewOnly }: { previewOnly: boolean }) {
  const interactive = process.stdin.isTTY && !args.has("non-interactive");
  if (!previewOnly && !args.has("yes") && !args.has("skip-preview") && !interactive) {
    throw new UsageError(
      "--yes or --skip-preview or --preview-only must be passed in to proceed when running in non-interactive mode",
    );
  }
  if (args.has("run-program")) throw new UsageError("--run-program: the stand-in engine does not have it");
  storeConfig(stack, args.list("config"));
  if (!args.has("json")) {
    console.error("This is the lab's stand-in for Pulumi's engine, for trying and for tests; it is not Pulumi's CLI.");
  }
  const { project, name, backend } = stack;
  const unlock = previewOnly ? () => undefined : backend.lock(project.name, name);
  try {
    return await previewAndPerform(kind, stack, args, previewOnly);
  } finally {
    unlock();
  }
}

async function previewAndPerform(kind: Kind, stack: Stack, args: Arguments, previewOnly: boolean): Promise<number> {
  if (previewOnly || !args.has("skip-preview")) {
    const plan = await run(kind, stack, args, true);
    const status = statusOf(plan, previewOnly ? "preview" : kind, args);
    if (status !== ExitStatus.ok || previewOnly) return status;
    if (!args.has("yes") && !(await confirmed(kind))) return ExitStatus.failed;
  }
  if (kind === "refresh" && args.has("clear-pending-creates")) clearPendingCreates(stack);
  const startTime = Math.floor(Date.now() / 1000);
  const result = await run(kind, stack, args, false);
  stack.backend.addHistory(stack.project.name, stack.name, {
    kind: titles[kind].kindOfUpdate,
    startTime,
    message: args.get("message") ?? "",
    environment: { "exec.kind": args.get("exec-kind") ?? "cli" },
    config: stack.settings.stored(),
    version: 0,
    result: result.failed || result.cancelled ? "failed" : "succeeded",
    endTime: Math.floor(Date.now() / 1000),
    resourceChanges: result.changes,
  });
  const status = statusOf(result, kind, args);
  if (kind === "destroy" && status === ExitStatus.ok && !args.has("json") && args.list("target").length === 0) {
    console.log(
      "The resources in the stack have been deleted, but the history and configuration associated with the stack are " +
        `still maintained. \nIf you want to remove the stack completely, run \`pulumi stack rm ${stack.name}\`.`,
    );
  }
  return status;
}

async function run(kind: Kind, stack: Stack, args: Arguments, dryRun: boolean): Promise<OperationResult> {
  const targets = new Targets({
    targets: [...args.list("target"), ...args.list("target-replace")],
    excludes: args.list("exclude"),
    replaces: [...args.list("replace"), ...args.list("target-replace")],
    dependents: args.has("target-dependents"),
  });
  const log = args.get("event-log");
  const eventLog = log === undefined ? undefined : openEventLog(log);
  const display = displayFor(kind, stack, args, dryRun);
  const sink: EventSink = (event) => {
    display(event);
    eventLog?.sink(event);
  };
  const options: OperationOptions = {
    ...{ kind, dryRun, refresh: args.has("refresh"), targets },
    parallel: Math.max(1, Number(args.get("parallel") ?? availableParallelism() * 4)),
    inlineProgram: args.get("client"),
    excludeProtected: args.has("exclude-protected"),
    imports: kind === "import" ? importsOf(args) : [],
  };
  const operation = new Operation(stack, options, sink);
  const result = await withInterrupts(
    () => operation.run(),
    () => operation.cancel(),
  );
  await eventLog?.close();
  return result;
}

function displayFor(kind: Kind, stack: Stack, args: Arguments, dryRun: boolean): EventSink {
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  if (args.has("json")) {
    let sequence = 0;
    const lines: EventSink = (event) => print(JSON.stringify(toLogEntry(event, sequence++)));
    return dryRun && kind === "update" ? previewDigest(print, args.has("show-replacement-steps")) : lines;
  }
  const showOutputs = !args.has("suppress-outputs");
  print(`${dryRun ? titles[kind].preview : titles[kind].deed} (${stack.name}):`);
  if (args.has("diff")) return diffDisplay({ showOutputs, print });
  print("");
  return progressDisplay({
    planning: dryRun,
    isRefresh: kind === "refresh",
    showOutputs,
    debug: args.has("debug"),
    stackUrn: stackUrn(stack.name, stack.project.name),
    print,
  });
}

function statusOf(result: OperationResult, what: Kind | "preview", args: Arguments): number {
  if (result.failed || result.cancelled) return ExitStatus.failed;
  const changed = (Object.keys(result.changes) as (keyof Changes)[]).some((op) => op !== "same" && op !== "read");
  if (!args.has("expect-no-changes") || !changed) return ExitStatus.ok;
  console.error(`error: no changes were expected for ${what} but changes were proposed`);
  return ExitStatus.unexpectedChanges;
}

async function confirmed(kind: Kind): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Do you want to perform this ${titles[kind].kindOfUpdate}? (yes/no) `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

function clearPendingCreates({ backend, project, name }: Stack): void {
  const { pending_operations: pending = [], ...deployment } = backend.load(project.name, name);
  const others = pending.filter(({ type }) => type !== "creating");
  backend.save(project.name, name, { ...deployment, ...(others.length > 0 && { pending_operations: others }) });
}

function storeConfig({ settings }: Stack, entries: string[]): void {
  for (const entry of entries) {
    const [key = "", ...value] = entry.split("=");
    settings.set(key, value.join("="), false);
  }
  if (entries.length > 0) settings.save();
}
