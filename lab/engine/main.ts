/** The stand-in engine's command line: the part of `pulumi`'s that the lab, the README and the Automation API use. */
import { folderOf, saveLogin } from "./backend.js";
import { globalFlags, parseArguments, UsageError, type Arguments, type Flag } from "./command-line.js";
import * as config from "./config-commands.js";
import { EngineError } from "./engine-error.js";
import { ExitStatus } from "./exit-status.js";
import { deed, importFlags, importResources, operationFlags, preview } from "./operation-commands.js";
import * as state from "./state-commands.js";
import * as stack from "./stack-commands.js";
import { engineVersion } from "./state.js";
import { userInfo } from "node:os";
import { Workspace } from "./workspace.js";

interface Command {
  flags: Record<string, Flag>;
  run(workspace: Workspace, args: Arguments): number | Promise<number>;
}

const json: Record<string, Flag> = { json: { kind: "boolean", short: "j" } };

const commands: Record<string, Command> = {
  version: { flags: {}, run: () => say(engineVersion) },
  preview: { flags: operationFlags, run: preview },
  up: { flags: operationFlags, run: deed("update") },
  update: { flags: operationFlags, run: deed("update") },
  refresh: { flags: operationFlags, run: deed("refresh") },
  destroy: { flags: operationFlags, run: deed("destroy") },
  import: { flags: importFlags, run: importResources },
  "state delete": { flags: state.stateFlags.delete, run: state.forget },
  "state rename": { flags: state.stateFlags.rename, run: state.rename },
  "state protect": { flags: state.stateFlags.protect, run: state.setProtection(true) },
  "state unprotect": { flags: state.stateFlags.unprotect, run: state.setProtection(false) },
  stack: { flags: { ...stack.stackFlags.output }, run: stack.show },
  "stack init": { flags: stack.stackFlags.init, run: stack.init },
  "stack select": { flags: stack.stackFlags.select, run: stack.select },
  "stack ls": { flags: stack.stackFlags.ls, run: stack.ls },
  "stack output": { flags: stack.stackFlags.output, run: stack.output },
  "stack export": { flags: stack.stackFlags.export, run: stack.exportStack },
  "stack import": { flags: stack.stackFlags.import, run: stack.importStack },
  "stack rm": { flags: stack.stackFlags.rm, run: stack.rm },
  "stack history": { flags: stack.stackFlags.history, run: stack.history },
  cancel: { flags: stack.stackFlags.cancel, run: stack.cancel },
  config: { flags: config.configFlags.show, run: config.show },
  "config get": { flags: config.configFlags.get, run: config.get },
  "config set": { flags: config.configFlags.set, run: config.set },
  "config set-all": { flags: config.configFlags["set-all"], run: config.setAll },
  "config rm": { flags: config.configFlags.rm, run: config.rm },
  "config rm-all": { flags: config.configFlags.rm, run: config.rm },
  "config refresh": { flags: config.configFlags.refresh, run: () => ExitStatus.ok },
  login: { flags: { local: { kind: "boolean", short: "l" } }, run: login },
  whoami: { flags: json, run: whoami },
  "plugin ls": { flags: json, run: (_, args) => say(args.has("json") ? "[]" : "TOTAL plugin cache size: 0 B") },
  install: { flags: {}, run: () => ExitStatus.ok },
  help: { flags: {}, run: () => help() },
};

async function main(words: string[]): Promise<number> {
  const { name, command, rest } = findCommand(words);
  const args = parseArguments(name, { ...globalFlags, ...command.flags }, rest);
  if (args.has("help")) return help();
  const folder = args.get("cwd");
  if (folder !== undefined) process.chdir(folder);
  return command.run(new Workspace(args), args);
}

/** The longest name that the words begin with; flags may stand before and between. */
function findCommand(words: string[]): { name: string; command: Command; rest: string[] } {
  const isValue = (i: number) => {
    const before = words[i - 1] ?? "";
    const flag = Object.entries(globalFlags).find(([name, { short }]) =>
      [`--${name}`, `-${short ?? ""}`].includes(before),
    );
    return flag !== undefined && flag[1].kind !== "boolean";
  };
  const places = words.flatMap((word, i) => (word.startsWith("-") || isValue(i) ? [] : [i]));
  for (const length of [2, 1]) {
    const used = places.slice(0, length);
    const name = used.map((i) => words[i]).join(" ");
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command && used.length === length) return { name, command, rest: words.filter((_, i) => !used.includes(i)) };
  }
  if (places.length === 0) return { name: "help", command: { flags: {}, run: () => help() }, rest: [] };
  const given = places.slice(0, 2).map((i) => words[i]);
  throw new UsageError(`unknown command "${given.join(" ")}" for "pulumi": the stand-in engine does not have it`);
}

function login(_: Workspace, args: Arguments): number {
  const url = args.has("local") ? "file://~" : args.values[0];
  if (url === undefined) throw new UsageError("the stand-in engine logs in to file://<folder> only");
  saveLogin(`file://${folderOf(url)}`);
  return say(`Logged in as ${userInfo().username} (${url})`);
}

function whoami(workspace: Workspace, args: Arguments): number {
  const user = userInfo().username;
  return args.has("json") ? stack.printJson({ user, url: `file://${workspace.backend.root}` }) : say(user);
}

function help(): number {
  const list = Object.keys(commands).map((name) => `  pulumi ${name}`);
  return say(["The lab's stand-in for Pulumi's engine. It has these commands:", ...list].join("\n"));
}

function say(text: string): number {
  console.log(text);
  return ExitStatus.ok;
}

main(process.argv.slice(2)).then(end, (error: unknown) => end(explain(error)));

/** The process ends at once, but for what it has said: whatever else is still open has nothing to add. */
function end(status: number): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(status)));
}

function explain(error: unknown): number {
  if (error instanceof EngineError) {
    console.error(`error: ${error.message}`);
    return error instanceof UsageError ? ExitStatus.badInvocation : ExitStatus.failed;
  }
  console.error(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return ExitStatus.internal;
}
