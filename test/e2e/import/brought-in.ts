import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ModuleKind, ScriptTarget, transpileModule } from "typescript";
import { UsageError } from "../../../cli/command.js";
import { importCommand } from "../../../cli/import/import-command.js";
import { testProject } from "../project.js";
import type { Program, TestStack } from "../stack.js";
import { pulumi } from "./pulumi.js";

/** What `pulumi-sriov import` wrote of a cluster. */
export interface Written {
  readonly resources: readonly WrittenResource[];
  /** Text of the program. */
  readonly text: string;
  /** The same, to be run. */
  readonly program: Program;
  /** Path of the document. */
  readonly document: string;
  /** What was told on standard error, and on standard output. */
  readonly warnings: readonly string[];
  readonly printed: string;
}

export interface WrittenResource {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Runs `pulumi-sriov import` on the cluster of the kubeconfig. */
export async function written(kubeconfig: string, ...options: string[]): Promise<Written> {
  const { folder } = await testProject();
  const out = mkdtempSync(join(folder, "import-"));
  const warnings: string[] = [];
  let printed = "";
  const io = {
    print: (text: string) => void (printed += text),
    warn: (line: string) => void warnings.push(line),
    readInput: () => Promise.reject(new UsageError("nothing to read")),
  };
  await importCommand.run(["--out", out, "--kubeconfig", kubeconfig, ...options], io);
  const document = join(out, "import.json");
  if (!existsSync(document))
    return { resources: [], text: "", program: programOf("", out), document, warnings, printed };
  const { resources } = JSON.parse(readFileSync(document, "utf8")) as { resources: readonly WrittenResource[] };
  const text = readFileSync(join(out, "index.ts"), "utf8");
  return { resources, text, program: programOf(text, out), document, warnings, printed };
}

/** The document with those resources alone: other tests have left theirs in the same cluster. */
export function only({ document, resources }: Written, names: readonly string[]): void {
  writeFileSync(document, JSON.stringify({ resources: resources.filter(({ name }) => names.includes(name)) }));
}

const FLAGS = ["--generate-code=false", "--protect=false"];

/** As the command's last lines tell people to. */
export function bringIn(stack: TestStack, { document }: Written): Promise<string> {
  return pulumi(stack, "import", "--file", document, "--yes", "--skip-preview", ...FLAGS);
}

/** The program's text as a function that the engine's program host calls: a module that is evaluated each time. */
function programOf(text: string, out: string): Program {
  const { outputText } = transpileModule(text, {
    compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 },
  });
  const file = join(out, "index.js");
  writeFileSync(file, outputText);
  const load = createRequire(file);
  return () => {
    Reflect.deleteProperty(load.cache, file);
    load(file);
    return undefined;
  };
}
