import { buildSync } from "esbuild";
import { join } from "node:path";
import type { LabRun } from "../processes/lab-run.js";
import type { LabNode } from "./lab-node.js";
import { type QemuNode, startQemuNode } from "./qemu/qemu-node.js";

/** A node with a real Linux kernel and two NICs that have SR-IOV, in a QEMU guest. */
export interface RealNode extends LabNode {
  readonly guest: QemuNode;
}

export interface RealNodeOptions {
  readonly name: string;
  /** Text of the agent's kubeconfig, with the API server's address as a guest sees it. */
  readonly kubeconfig: string;
  readonly log: (line: string) => void;
}

const GUEST_KUBECONFIG = "/etc/pulumi-sriov/kubeconfig";

export async function startRealNode(run: LabRun, { name, kubeconfig, log }: RealNodeOptions): Promise<RealNode> {
  const guest = await startQemuNode(run, {
    name,
    agentBundle: bundleAgent(run),
    files: { [GUEST_KUBECONFIG]: kubeconfig },
    log,
  });
  return {
    name,
    guest,
    agentLog: join(run.dir, "logs", `${name}-agent.log`),
    startAgent: () => guest.startAgent({ args: ["agent", "--node-name", name, "--kubeconfig", GUEST_KUBECONFIG] }),
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
