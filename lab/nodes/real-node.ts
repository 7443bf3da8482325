import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { bundleReconciler, compileCacheEnv, compileCacheName } from "../bundle-reconciler.js";
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
  const directory = join(run.dir, `${name}-agent`);
  const guest = await startQemuNode(run, {
    name,
    agentBundle: await bundleReconciler(directory, "agent.js"),
    files: { ...compileCache(directory), [GUEST_KUBECONFIG]: kubeconfig },
    log,
  });
  return {
    name,
    guest,
    agentLog: join(run.dir, "logs", `${name}-agent.log`),
    startAgent: () =>
      guest.startAgent({
        args: ["agent", "--node-name", name, "--kubeconfig", GUEST_KUBECONFIG],
        env: compileCacheEnv("/"),
      }),
    stopAgent: (signal) => guest.stopAgent(signal),
    async numVfs(address) {
      return Number(await guest.read(`/sys/bus/pci/devices/${address}/sriov_numvfs`));
    },
  };
}

/** Its files, where the guest is to have them. */
function compileCache(directory: string): Record<string, Buffer> {
  const cache = join(directory, compileCacheName);
  const files = readdirSync(cache, { recursive: true, encoding: "utf8" });
  const regular = files.filter((file) => statSync(join(cache, file)).isFile());
  // The first folder ends with the user's number, and in the guest that is root's.
  const place = (file: string): string => `/${compileCacheName}/${file.replace(/-\d+\//, "-0/")}`;
  return Object.fromEntries(regular.map((file) => [place(file), readFileSync(join(cache, file))]));
}
