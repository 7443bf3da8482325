import { omit } from "./omit.js";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Arguments, Flag } from "./command-line.js";
import { UsageError } from "./command-line.js";
import { EngineError } from "./engine-error.js";
import { ExitStatus } from "./exit-status.js";
import type { Stack } from "./operation.js";
import { newDeployment, openDeployment, sealDeployment, type Deployment, type ResourceState } from "./state.js";
import { stackType } from "./urn.js";
import { masked, withoutSecrets, type Properties, type Value } from "./values.js";
import type { Workspace } from "./workspace.js";

export const stackFlags = {
  init: {
    "secrets-provider": { kind: "string" },
    "no-select": { kind: "boolean" },
    "copy-config-from": { kind: "string" },
  },
  select: { create: { kind: "boolean", short: "c" }, "secrets-provider": { kind: "string" } },
  ls: { json: { kind: "boolean", short: "j" }, all: { kind: "boolean", short: "a" } },
  output: { json: { kind: "boolean", short: "j" }, "show-secrets": { kind: "boolean" }, shell: { kind: "boolean" } },
  export: { file: { kind: "string" }, "show-secrets": { kind: "boolean" }, version: { kind: "string" } },
  import: { file: { kind: "string" }, force: { kind: "boolean", short: "f" } },
  rm: {
    yes: { kind: "boolean", short: "y" },
    force: { kind: "boolean", short: "f" },
    "preserve-config": { kind: "boolean" },
  },
  history: {
    json: { kind: "boolean", short: "j" },
    "show-secrets": { kind: "boolean" },
    "page-size": { kind: "string" },
    page: { kind: "string" },
  },
  cancel: { yes: { kind: "boolean", short: "y" } },
} satisfies Record<string, Record<string, Flag>>;

/** `pulumi stack init NAME` */
export function init(workspace: Workspace, args: Arguments): number {
  const provider = args.get("secrets-provider") ?? "passphrase";
  if (!["passphrase", "default"].includes(provider)) {
    throw new EngineError(`secrets provider '${provider}': this stand-in engine knows 'passphrase' only`);
  }
  create(workspace, args.values[0] ?? args.get("stack") ?? "", !args.has("no-select"));
  return ExitStatus.ok;
}

function create(workspace: Workspace, given: string, select: boolean): void {
  if (given === "") throw new UsageError("missing stack name");
  const { name, project, settings, backend } = workspace.newStack(given);
  if (backend.exists(project.name, name)) {
    throw new EngineError(`stack 'organization/${project.name}/${name}' already exists`);
  }
  backend.save(project.name, name, newDeployment([], [], settings.secrets().salt));
  if (select) workspace.select(name);
  console.error(`Created stack '${name}'`);
}

/** `pulumi stack select NAME` */
export function select(workspace: Workspace, args: Arguments): number {
  const given = args.values[0] ?? args.get("stack");
  if (given === undefined) throw new UsageError("missing stack name");
  const { name, project, backend } = workspace.newStack(given);
  if (args.has("create") && !backend.exists(project.name, name)) create(workspace, name, true);
  else workspace.select(workspace.stack(given).name);
  return ExitStatus.ok;
}

/** `pulumi stack ls` */
export function ls(workspace: Workspace, args: Arguments): number {
  const { backend } = workspace;
  const stacks = backend.list(args.has("all") ? undefined : workspace.project.name).map(({ project, stack }) => {
    const { resources = [], manifest } = backend.load(project, stack);
    const name = args.has("all") ? `organization/${project}/${stack}` : stack;
    const current = !args.has("all") && stack === workspace.selected;
    const used = resources.length > 0;
    return { name, current, ...(used && { lastUpdate: manifest.time, resourceCount: resources.length }) };
  });
  if (args.has("json")) return printJson(stacks);
  const rows = stacks.map(({ name, current, lastUpdate, resourceCount }) => [
    current ? `${name}*` : name,
    lastUpdate ?? "n/a",
    resourceCount === undefined ? "n/a" : String(resourceCount),
  ]);
  printTable([["NAME", "LAST UPDATE", "RESOURCE COUNT"], ...rows]);
  return ExitStatus.ok;
}

/** `pulumi stack` */
export function show(workspace: Workspace): number {
  const stack = workspace.stack();
  const resources = load(stack).resources ?? [];
  console.log(`Current stack is ${stack.name}:\nCurrent stack resources (${resources.length}):`);
  printTable(
    [["TYPE", "NAME"], ...resources.map(({ type, urn }) => [type, urn.split("::").slice(3).join("::")])],
    "    ",
  );
  return ExitStatus.ok;
}

/** `pulumi stack output [NAME]` */
export function output(workspace: Workspace, args: Arguments): number {
  const outputs = outputsOf(load(workspace.stack()).resources ?? []);
  const shown = args.has("show-secrets") ? withoutSecrets(outputs) : masked(outputs);
  const [name] = args.values;
  if (name !== undefined) {
    const value = args.has("json") ? shown[name] : withoutSecrets(outputs)[name];
    if (value === undefined) throw new EngineError(`current stack does not have output property '${name}'`);
    console.log(args.has("json") ? JSON.stringify(value, null, 2) : asText(value));
    return ExitStatus.ok;
  }
  if (args.has("json")) return printJson(shown);
  const entries = Object.entries(shown).sort(([a], [b]) => (a < b ? -1 : 1));
  console.log(`Current stack outputs (${entries.length}):`);
  if (entries.length === 0) console.log("    No output values currently in this stack");
  else printTable([["OUTPUT", "VALUE"], ...entries.map(([key, value]) => [key, asText(value)])], "    ");
  return ExitStatus.ok;
}

/** `pulumi stack export` */
export function exportStack(workspace: Workspace, args: Arguments): number {
  const stack = workspace.stack();
  const stored = stack.backend.load(stack.project.name, stack.name);
  const deployment = args.has("show-secrets") ? sealDeployment(open(stack, stored), undefined) : stored;
  const text = JSON.stringify({ version: 3, deployment }, null, 4);
  const file = args.get("file");
  if (file === undefined) console.log(text);
  else writeFileSync(file, text + "\n");
  return ExitStatus.ok;
}

/** `pulumi stack import` */
export function importStack(workspace: Workspace, args: Arguments): number {
  const { name, project, backend, settings } = workspace.stack();
  const text = readFileSync(args.get("file") ?? 0, "utf8");
  const { version, deployment } = JSON.parse(text) as { version?: number; deployment?: Deployment };
  if (version !== 3 || deployment === undefined) {
    throw new EngineError(`cannot import a deployment of version ${version ?? "?"}: only version 3 is known`);
  }
  const foreign = deployment.resources?.find(({ urn }) => !urn.startsWith(`urn:pulumi:${name}::${project.name}::`));
  if (foreign && !args.has("force")) {
    throw new EngineError(
      `importing this file could be dangerous; rerun with --force to proceed anyway\n    resource '${foreign.urn}' is of another stack`,
    );
  }
  const salt = deployment.secrets_providers?.state.salt;
  const opened = openDeployment(omit(deployment, "pending_operations"), () => settings.secrets(salt));
  const crypter = settings.secrets(salt);
  const sealed = { ...sealDeployment(opened, crypter), ...saltOf(crypter.salt) };
  const unlock = backend.lock(project.name, name);
  backend.save(project.name, name, sealed);
  unlock();
  console.log("Import complete.");
  return ExitStatus.ok;
}

function saltOf(salt: string): Pick<Deployment, "secrets_providers"> {
  return { secrets_providers: { type: "passphrase", state: { salt } } };
}

/** `pulumi stack rm [NAME]` */
export function rm(workspace: Workspace, args: Arguments): number {
  const stack = workspace.stack(args.values[0] ?? args.get("stack"));
  const { name, project, backend } = stack;
  if (!args.has("yes")) throw new UsageError("--yes must be passed in to proceed when running in non-interactive mode");
  const { resources = [] } = backend.load(project.name, name);
  if (resources.length > 0 && !args.has("force")) {
    throw new EngineError(
      `'${name}' still has resources; removal rejected. Possible actions:\n- Make sure that '${name}' is the stack that you want to destroy\n` +
        "- Run `pulumi destroy` to delete the resources, then run `pulumi stack rm`\n- Run `pulumi stack rm --force` to override this error",
    );
  }
  backend.remove(project.name, name);
  if (!args.has("preserve-config")) rmSync(join(project.stackConfigFolder, `Pulumi.${name}.yaml`), { force: true });
  if (workspace.selected === name) workspace.select(undefined);
  console.log(`Stack '${name}' has been removed!`);
  return ExitStatus.ok;
}

/** `pulumi stack history` */
export function history(workspace: Workspace, args: Arguments): number {
  const { name, project, backend, settings } = workspace.stack();
  const all = backend.history(project.name, name);
  const size = Number(args.get("page-size") ?? 0) || all.length;
  const page = Math.max(1, Number(args.get("page") ?? 1));
  const updates = all.slice((page - 1) * size, page * size).map((update) => ({
    ...{ version: update.version, kind: update.kind, startTime: time(update.startTime), message: update.message },
    ...{ environment: update.environment, config: settings.describe(update.config, args.has("show-secrets")) },
    ...{ result: update.result, endTime: time(update.endTime), resourceChanges: update.resourceChanges },
  }));
  if (args.has("json")) return printJson(updates);
  for (const { kind, result, message, startTime, resourceChanges } of updates) {
    const changes = Object.entries(resourceChanges).map(([op, count]) => `${count} ${op}`);
    console.log(
      `UpdateKind: ${kind}\nStatus: ${result}\nMessage: ${message}\nStarted: ${startTime}\n${changes.join(", ")}\n`,
    );
  }
  return ExitStatus.ok;
}

/** `pulumi cancel`: removes the locks that a killed engine has left. */
export function cancel(workspace: Workspace, args: Arguments): number {
  const { name, project, backend } = workspace.stack(args.values[0] ?? args.get("stack"));
  backend.unlockAll(project.name, name);
  console.log(`The currently running update for '${name}' has been canceled!`);
  return ExitStatus.ok;
}

export function printJson(value: unknown): number {
  console.log(JSON.stringify(value, null, 2));
  return ExitStatus.ok;
}

export function printTable(rows: string[][], margin = ""): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length))) ?? [];
  for (const row of rows) {
    console.log((margin + row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).trimEnd());
  }
}

function load(stack: Stack): Deployment {
  return open(stack, stack.backend.load(stack.project.name, stack.name));
}

function open(stack: Stack, deployment: Deployment): Deployment {
  return openDeployment(deployment, () => stack.settings.secrets(deployment.secrets_providers?.state.salt));
}

function outputsOf(resources: ResourceState[]): Properties {
  return resources.find(({ type }) => type === stackType)?.outputs ?? {};
}

function asText(value: Value): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
