import { buildSync } from "esbuild";
import { join } from "node:path";
import type { LabRun } from "../processes/lab-run.js";
import type { LabNode } from "./lab-node.js";
import { type AgentStart, type QemuNode, startQemuNode } from "./qemu/qemu-node.js";

/** A node with a real Linux kernel and two NICs that have SR-IOV, in a QEMU guest. */
export interface RealNode extends LabNode {
  readonly guest: QemuNode;
  /** Starts the agent, this once with more or other arguments or in other surroundings than usual. */
  startAgent(options?: Partial<AgentStart>): Promise<void>;
}

export interface RealNodeOptions {
  readonly name: string;
  /** Text of the agent's kubeconfig, with the API server's address as a guest sees it. */
  readonly kubeconfig: string;
  /** More flags of the agent. */
  readonly agentArgs?: readonly string[];
  /** More files of the guest, by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

const GUEST_KUBECONFIG = "/etc/pulumi-sriov/kubeconfig";

export async function startRealNode(run: LabRun, options: RealNodeOptions): Promise<RealNode> {
  const { name, kubeconfig, agentArgs = [], files = {}, log } = options;
  const guest = await startQemuNode(run, {
    name,
    agentBundle: bundleAgent(run),
    files: { ...files, [GUEST_KUBECONFIG]: kubeconfig },
    log,
  });
  return {
    name,
    guest,
    agentLog: join(run.dir, "logs", `${name}-agent.log`),
    startAgent: ({ args = [], ...start } = {}) =>
      guest.startAgent({
        args: ["agent", "--node-name", name, "--kubeconfig", GUEST_KUBECONFIG, ...agentArgs, ...args],
        ...start,
      }),
    stopAgent: (signal) => guest.stopAgent(signal),
    async numVfs(address) {
      return Number(await guest.read(`/sys/bus/pci/devices/${address}/sriov_numvfs`));
    },
  };
}

/** The agent as one file, since a guest has no node_modules. */
function bundleAgent(run: LabRun): string {
  const outfile = join(run.dir, "agent.js");
  buildSync({
    entryPoints: [join(__dirname, "..", "..", "reconciler", "main.js")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    minify: true,
    logLevel: "warning",
  });
  return outfile;
}
