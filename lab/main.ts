import { parseArgs } from "node:util";
import { demo } from "./demo/demo.js";
import { installation } from "./demo/installation/installation.js";
import { labDown, labStatus, labUp } from "./kept-lab.js";
import { isNodeKind, NODE_KINDS } from "./node-kind.js";

/** `npm start` and `npm run lab`. */
const USAGE = `usage:
  npm start [-- --keep] [-- --node KIND] [-- --nodes N]
                                           the main job from end to end, in a lab of its own
  npm run lab -- up [--node KIND]          a lab that stays up
  npm run lab -- status                    the labs of this machine
  npm run lab -- down                      ends them and removes their files
kinds of nodes: simulated, the default; qemu, with a real kernel; kubelet, with a real kernel and a kubelet that runs pods,
where the main job begins with an empty cluster and installs the reconciler. --nodes, 1 to 9: how many of those; default 1`;

async function main(): Promise<number> {
  const options = {
    keep: { type: "boolean" },
    node: { type: "string" },
    nodes: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    // Node's own advice, after the first sentence, is not about these commands.
    return usage((error instanceof Error ? error.message : String(error)).split(". ")[0] ?? "");
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    console.log(USAGE);
    return 0;
  }
  const nodeKind = values.node ?? "simulated";
  if (!isNodeKind(nodeKind)) return usage(`--node is one of ${NODE_KINDS.join(", ")}, not ${nodeKind}`);
  const nodes = values.nodes ?? "1";
  if (!/^[1-9]$/.test(nodes)) return usage(`--nodes is a number from 1 to 9, not ${nodes}`);
  if (values.nodes !== undefined && nodeKind !== "kubelet") return usage("--nodes is for --node kubelet");
  switch (positionals.join(" ")) {
    case "demo":
      if (nodeKind === "kubelet") await installation({ nodes: Number(nodes), keep: values.keep ?? false });
      else await demo({ nodeKind, keep: values.keep ?? false });
      return 0;
    case "up":
      await labUp(nodeKind);
      return 0;
    case "status":
      labStatus();
      return 0;
    case "down":
      await labDown();
      return 0;
    default:
      return usage(`unknown command "${positionals.join(" ")}"`);
  }
}

function usage(problem: string): number {
  console.error(`${problem}\n${USAGE}`);
  return 2;
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(`\nerror: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
