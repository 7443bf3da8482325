#!/usr/bin/env node
import { text } from "node:stream/consumers";
import { messageOf } from "../kube/errors.js";
import { type Command, type CommandIo, UsageError } from "./command.js";
import { impactCommand } from "./impact/impact-command.js";
import { importCommand } from "./import/import-command.js";

/** `pulumi-sriov`: what a person or a pipeline asks of a cluster beside a program. */

const COMMANDS: Readonly<Record<string, Command>> = { impact: impactCommand, import: importCommand };

const EX_USAGE = 64;

const io: CommandIo = {
  print: (words) => void process.stdout.write(words),
  warn: (line) => void process.stderr.write(`${line}\n`),
  readInput: () => text(process.stdin),
};

async function main(): Promise<number> {
  const [name = "", ...args] = process.argv.slice(2);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const isHelp = ["help", "--help", "-h"].includes(name);
    if (!isHelp && name !== "") io.warn(`pulumi-sriov: there is no command "${name}"`);
    if (isHelp) io.print(overview());
    else io.warn(overview());
    return isHelp ? 0 : EX_USAGE;
  }
  if (args.includes("--help") || args.includes("-h")) {
    io.print(command.usage);
    return 0;
  }
  try {
    return await command.run(args, io);
  } catch (error) {
    io.warn(`pulumi-sriov ${name}: ${messageOf(error)}`);
    if (!(error instanceof UsageError)) return 1;
    io.warn(command.usage);
    return EX_USAGE;
  }
}

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`);
  return `Usage: pulumi-sriov <command> [options]\n\n${lines.join("\n")}\n\npulumi-sriov <command> --help tells more.\n`;
}

void main().then((status) => (process.exitCode = status));
