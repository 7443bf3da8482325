import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { messageOf } from "../../kube/errors.js";
import { type Command, type CommandIo, UsageError } from "../command.js";
import { foreseeDeletes } from "./foresee-deletes.js";
import { impactMarkdown } from "./markdown.js";
import { readPreview } from "./preview.js";
import { impactReport, Verdict, verdictOf } from "./report.js";

/** `pulumi-sriov impact`: what a preview's JSON means to hardware, and to whom. */
export const impactCommand: Command = {
  summary: "what a preview does to VFs and who uses them, as Markdown",
  usage: `Usage: pulumi preview --json | pulumi-sriov impact [options] [FILE|-]

Reads what "pulumi preview --json" printed, from FILE or standard input, and prints a table in Markdown: which VFs would be
destroyed and created, and who uses them. What resources that go would take with them is asked of the cluster, as it is now.
With --show-replacement-steps a preview also tells which replaced resources are deleted first.

Options:
  --json             print JSON instead of Markdown
  --kubeconfig PATH  credentials for the cluster; a preview hides secret ones.
                     Default: KUBECONFIG, ~/.kube/config, a pod's service account
  --context NAME     context of the kubeconfig

Exit status:
  0   nothing in use is lost
  1   it could not be told
  2   something in use would be lost
  64  the command was called wrongly
`,
  async run(args, io) {
    const { file, json, kubeconfig, context } = readArguments(args);
    const preview = readPreview(await readAll(file, io));
    const report = impactReport(preview, await foreseeDeletes(preview, { kubeconfig, context }));
    const verdict = verdictOf(report);
    io.print(json ? `${JSON.stringify({ verdict, ...report }, null, 2)}\n` : impactMarkdown(report));
    for (const why of report.untold) io.warn(`pulumi-sriov impact: not known: ${why}`);
    return EXIT_STATUS[verdict];
  },
};

const EXIT_STATUS: Readonly<Record<Verdict, number>> = { [Verdict.none]: 0, [Verdict.unknown]: 1, [Verdict.lost]: 2 };

interface Arguments {
  readonly file: string;
  readonly json: boolean;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parsed(args);
  const [file = "-", ...more] = positionals;
  if (more.length > 0) throw new UsageError(`one file is read at a time, not also ${more.join(", ")}`);
  return { file, json: values.json ?? false, kubeconfig: values.kubeconfig, context: values.context };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { json: { type: "boolean" }, kubeconfig: { type: "string" }, context: { type: "string" } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

async function readAll(file: string, io: CommandIo): Promise<string> {
  if (file === "-") return io.readInput();
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
