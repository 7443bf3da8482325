import { EngineError } from "./engine-error.js";

export type FlagKind = "boolean" | "string" | "list";

export interface Flag {
  kind: FlagKind;
  short?: string;
}

/** A command line that asks for something this engine does not have, or leaves out something it needs: exit status 2. */
export class UsageError extends EngineError {}

/** What was given on the command line, by long name. */
export class Arguments {
  constructor(
    private readonly flags: Map<string, string[]>,
    readonly positional: string[],
    /** What followed `--`. */
    readonly rest: string[],
  ) {}

  has(name: string): boolean {
    const last = this.flags.get(name)?.at(-1);
    return last !== undefined && last !== "false";
  }

  get(name: string): string | undefined {
    return this.flags.get(name)?.at(-1);
  }

  list(name: string): string[] {
    return this.flags.get(name) ?? [];
  }

  /** All values given without a flag. */
  get values(): string[] {
    return [...this.positional, ...this.rest];
  }
}

/** Flags of every command. Those of the second group are taken and change nothing here. */
export const globalFlags: Record<string, Flag> = {
  cwd: { kind: "string", short: "C" },
  stack: { kind: "string", short: "s" },
  "non-interactive": { kind: "boolean" },
  help: { kind: "boolean", short: "h" },
  "config-file": { kind: "string" },

  color: { kind: "string" },
  "disable-integrity-checking": { kind: "boolean" },
  emoji: { kind: "boolean", short: "e" },
  "fully-qualify-stack-names": { kind: "boolean" },
  logflow: { kind: "boolean" },
  logtostderr: { kind: "boolean" },
  memprofilerate: { kind: "string" },
  "no-color": { kind: "boolean" },
  profiling: { kind: "string" },
  tracing: { kind: "string" },
  verbose: { kind: "string", short: "v" },
};

/**
 * @throws UsageError naming the flag that isn't known
 */
export function parseArguments(command: string, known: Record<string, Flag>, args: string[]): Arguments {
  const flags = new Map<string, string[]>();
  const positional: string[] = [];
  const byShort = new Map(
    Object.entries(known).flatMap(([name, { short }]) => (short ? [[short, name] as const] : [])),
  );
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? "";
    if (word === "--") return new Arguments(flags, positional, args.slice(i + 1));
    if (!word.startsWith("-") || word === "-") {
      positional.push(word);
      continue;
    }
    const [given = "", ...after] = word.split("=");
    const name = given.startsWith("--") ? given.slice(2) : byShort.get(given.slice(1));
    const flag = name === undefined ? undefined : known[name];
    if (name === undefined || flag === undefined) {
      throw new UsageError(`unknown flag: ${given} for \`pulumi ${command}\` of the stand-in engine`);
    }
    const inline = after.length > 0 ? after.join("=") : undefined;
    const value = inline ?? (flag.kind === "boolean" ? "true" : args[++i]);
    if (value === undefined) throw new UsageError(`flag needs an argument: ${given}`);
    flags.set(name, flag.kind === "list" ? [...(flags.get(name) ?? []), value] : [value]);
  }
  return new Arguments(flags, positional, []);
}
