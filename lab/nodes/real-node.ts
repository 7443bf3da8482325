import { join } from "node:path";
import { bundle } from "../bundle-reconciler.js";
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
    agentBundle: await bundleAgent(run),
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

/** The agent as it ships, since a guest has no node_modules. */
async function bundleAgent(run: LabRun): Promise<string> {
  const outfile = join(run.dir, "pulumi-sriov-reconciler.cjs");
  await bundle("reconciler/main.ts", outfile);
  return outfile;
}
