import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../../kube/errors.js";
import { Cluster } from "../../provider/core/cluster.js";
import { type Operation, SILENT } from "../../provider/core/resource.js";
import { type Command, type CommandIo, UsageError } from "../command.js";
import { foreseenTroubles } from "./foresight.js";
import { importDocument } from "./import-document.js";
import { importables } from "./importable.js";
import { programText } from "./program.js";
import { DOCUMENT, nothingToImport, PROGRAM, summary } from "./summary.js";
import { survey } from "./survey.js";

/** `pulumi-sriov import`: what a cluster has already, as a program and the document that brings it into a stack. */
export const importCommand: Command = {
  summary: "what a cluster has already, as a program and a document for pulumi import",
  usage: `Usage: pulumi-sriov import [options]

Reads what somebody has declared in a cluster: NICs with their number of VFs, policies, networks, and claims of devices.
Writes ${DOCUMENT} for "pulumi import --file", and ${PROGRAM}, the program that declares the same. It changes nothing in the
cluster. NICs that have their VFs by a policy come with the policy.

Options:
  --out DIR          where the two files go; made where it is missing. Default: the current folder
  --overwrite        replace files of these names
  --node NAME        NICs and claims of this node alone; may be given several times
  --owned            also what resources of Pulumi own: of stacks that have it no longer on record
  --kubeconfig PATH  credentials for the cluster. Default: KUBECONFIG, ~/.kube/config, a pod's service account
  --context NAME     context of the kubeconfig

Exit status:
  0   both files are written, or there is nothing to import
  1   they are not
  64  the command was called wrongly
`,
  async run(args, io) {
    const wish = readArguments(args);
    refuseOverwriting(wish);
    const cluster = Cluster.open(wish);
    try {
      return await importFrom(cluster, wish, io);
    } finally {
      await cluster.close();
    }
  },
};

async function importFrom(cluster: Cluster, wish: Arguments, io: CommandIo): Promise<number> {
  // What the provider warns of is about changes, and nothing is changed here.
  const operation: Operation = { cluster, log: SILENT, deadline: Date.now() + DEADLINE_MS };
  const { found, leftOut } = await survey(operation, wish);
  for (const line of leftOut) io.warn(`pulumi-sriov import: left out: ${line}`);
  const resources = await importables(operation, found);
  const { origin } = cluster.client.config;
  if (resources.length === 0) {
    io.print(nothingToImport(origin, wish.nodes, leftOut));
    return 0;
  }
  for (const resource of resources) {
    for (const trouble of await foreseenTroubles(operation, resource))
      io.warn(`pulumi-sriov import: ${resource.name}: ${trouble}`);
  }
  mkdirSync(wish.out, { recursive: true });
  writeFileSync(join(wish.out, DOCUMENT), importDocument(resources));
  writeFileSync(join(wish.out, PROGRAM), programText(resources));
  io.print(summary(resources, origin, wish.out));
  return 0;
}

interface Arguments {
  readonly out: string;
  readonly overwrite: boolean;
  readonly nodes: readonly string[];
  readonly owned: boolean;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

function readArguments(args: readonly string[]): Arguments {
  const { out = ".", overwrite = false, node = [], owned = false, kubeconfig, context } = parsed(args);
  return { out, overwrite, nodes: node, owned, kubeconfig, context };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        out: { type: "string" },
        overwrite: { type: "boolean" },
        node: { type: "string", multiple: true },
        owned: { type: "boolean" },
        kubeconfig: { type: "string" },
        context: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** An index.ts in the current folder is most likely somebody's program. */
function refuseOverwriting({ out, overwrite }: Arguments): void {
  const there = [DOCUMENT, PROGRAM].map((name) => join(out, name)).filter((file) => existsSync(file));
  if (there.length === 0 || overwrite) return;
  const verb = there.length === 1 ? "is" : "are";
  throw new Error(`${there.join(" and ")} ${verb} there already: give another folder with --out, or --overwrite`);
}

const DEADLINE_MS = 60_000;
