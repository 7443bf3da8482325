import type { Arguments, Flag } from "./command-line.js";
import { UsageError } from "./command-line.js";
import { EngineError } from "./engine-error.js";
import { ExitStatus } from "./exit-status.js";
import type { ConfigValue } from "./project.js";
import { printJson, printTable } from "./stack-commands.js";
import type { Workspace } from "./workspace.js";

export const configFlags = {
  show: { json: { kind: "boolean", short: "j" }, "show-secrets": { kind: "boolean" }, open: { kind: "boolean" } },
  get: { json: { kind: "boolean", short: "j" }, open: { kind: "boolean" } },
  set: { secret: { kind: "boolean" }, plaintext: { kind: "boolean" } },
  "set-all": { secret: { kind: "list" }, plaintext: { kind: "list" }, json: { kind: "string" } },
  rm: {},
  refresh: { force: { kind: "boolean", short: "f" } },
} satisfies Record<string, Record<string, Flag>>;

/** `pulumi config` */
export function show(workspace: Workspace, args: Arguments): number {
  const { settings, project } = workspace.stack();
  const config = settings.all(args.has("show-secrets"));
  const entries = Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1));
  if (args.has("json")) {
    return printJson(Object.fromEntries(entries.map(([key, it]) => [key, entry(it, args.has("show-secrets"))])));
  }
  const short = (key: string) => (key.startsWith(`${project.name}:`) ? key.slice(project.name.length + 1) : key);
  printTable([["KEY", "VALUE"], ...entries.map(([key, { value }]) => [short(key), value])]);
  return ExitStatus.ok;
}

/** `pulumi config get KEY` */
export function get(workspace: Workspace, args: Arguments): number {
  const { settings, name } = workspace.stack();
  const key = required(args.values[0], "configuration key");
  const found = settings.get(key);
  if (!found) throw new EngineError(`configuration key '${key}' not found for stack '${name}'`);
  if (args.has("json")) return printJson({ name: settings.fullKey(key), ...entry(found, true) });
  console.log(found.value);
  return ExitStatus.ok;
}

/** `pulumi config set KEY VALUE` */
export function set(workspace: Workspace, args: Arguments): number {
  const { settings } = workspace.stack();
  const [key, value] = args.values;
  settings.set(required(key, "configuration key"), required(value, "configuration value"), args.has("secret"));
  settings.save();
  return ExitStatus.ok;
}

/** `pulumi config set-all --plaintext KEY=VALUE --secret KEY=VALUE`, or `--json` with what `config --json` prints */
export function setAll(workspace: Workspace, args: Arguments): number {
  const { settings } = workspace.stack();
  const json = args.get("json");
  const document = json === undefined ? {} : (JSON.parse(json) as Record<string, { value: string; secret?: boolean }>);
  for (const [key, { value, secret }] of Object.entries(document)) settings.set(key, value, secret ?? false);
  for (const [flag, secret] of [["plaintext", false] as const, ["secret", true] as const]) {
    for (const pair of args.list(flag)) {
      const cut = pair.indexOf("=");
      if (cut < 0) throw new UsageError(`'${pair}' is not of the form key=value`);
      settings.set(pair.slice(0, cut), pair.slice(cut + 1), secret);
    }
  }
  settings.save();
  return ExitStatus.ok;
}

/** `pulumi config rm KEY`, and `rm-all` with several */
export function rm(workspace: Workspace, args: Arguments): number {
  const { settings } = workspace.stack();
  for (const key of args.values) settings.remove(key);
  settings.save();
  return ExitStatus.ok;
}

function entry({ value, secret, object }: ConfigValue, reveal: boolean) {
  const known = !secret || reveal;
  return {
    ...(known && { value }),
    ...(known && object && { objectValue: JSON.parse(value) as unknown }),
    secret,
  };
}

function required(value: string | undefined, what: string): string {
  if (value === undefined) throw new UsageError(`missing ${what}`);
  return value;
}
