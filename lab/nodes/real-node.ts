import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { bundleReconciler } from "../../image/bundle-reconciler.js";
import { bundleEnv, bundleFlags, compileCacheName } from "../../image/runtime.js";
import type { LabRun } from "../processes/lab-run.js";
import type { LabNode } from "./lab-node.js";
import { type AgentStart, type QemuNode, type QemuNodeOptions, startQemuNode } from "./qemu/qemu-node.js";

/** A node with a real Linux kernel and two NICs that have SR-IOV, in a QEMU guest. */
export interface RealNode extends LabNode {
  readonly guest: QemuNode;
  /** Starts the agent, this once with more or other arguments or in other surroundings than usual. */
  startAgent(options?: Partial<AgentStart>): Promise<void>;
}

export interface RealNodeOptions {
  readonly name: string;
  /** Text of the agent's kubeconfig, with the API server's address as a guest sees it. Default: there is no agent to start. */
  readonly kubeconfig?: string;
  /** More flags of the agent. */
  readonly agentArgs?: readonly string[];
  /** More files of the guest, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the guest is to have beyond a QEMU node's usual. */
  readonly machine?: Pick<QemuNodeOptions, "disks" | "logs" | "memoryMiB" | "modules">;
  readonly log: (line: string) => void;
}

const GUEST_KUBECONFIG = "/etc/pulumi-sriov/kubeconfig";

export async function startRealNode(run: LabRun, options: RealNodeOptions): Promise<RealNode> {
  const { name, kubeconfig, agentArgs = [], files = {}, machine = {}, log } = options;
  const agent = kubeconfig === undefined ? undefined : await agentFiles(join(run.dir, `${name}-agent`), kubeconfig);
  const guest = await startQemuNode(run, { ...machine, name, ...agent, files: { ...agent?.files, ...files }, log });
  return {
    name,
    guest,
    agentLog: join(run.dir, "logs", `${name}-agent.log`),
    startAgent: async ({ args = [], env = {}, ...start } = {}) => {
      if (agent === undefined) throw new Error(`node ${name} was made without an agent of its own`);
      await guest.startAgent({
        args: ["agent", "--node-name", name, "--kubeconfig", GUEST_KUBECONFIG, ...agentArgs, ...args],
        nodeFlags: bundleFlags,
        env: { ...bundleEnv("/"), ...env },
        ...start,
      });
    },
    stopAgent: (signal) => guest.stopAgent(signal),
    async numVfs(address) {
      return Number(await guest.read(`/sys/bus/pci/devices/${address}/sriov_numvfs`));
    },
  };
}

/** The agent as it ships, and what it needs beside it. */
async function agentFiles(directory: string, kubeconfig: string) {
  const { outfile: agentBundle } = await bundleReconciler(directory, "agent.js");
  return { agentBundle, files: { ...compileCache(directory), [GUEST_KUBECONFIG]: kubeconfig } };
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
