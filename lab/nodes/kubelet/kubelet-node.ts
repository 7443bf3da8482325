import { join } from "node:path";
import { findSystemParts } from "../../../image/packages/parts.js";
import type { LabRun } from "../../processes/lab-run.js";
import { findQemuParts } from "../qemu/install.js";
import { qemuCache } from "../qemu/locate.js";
import type { Signal } from "../qemu/qemu-node.js";
import { type RealNode, type RealNodeOptions, startRealNode } from "../real-node.js";
import { nodeDisk } from "./disk.js";
import { KUBELET_COMMAND, nodeFiles, nodeModules } from "./guest-files.js";
import { findNodePrograms } from "./programs.js";

/** A node with a real kernel, containerd and a kubelet, which runs pods that name it in `spec.nodeName`. */
export interface KubeletNode extends RealNode {
  /** Starts the kubelet again after {@link stopKubelet}; the node's boot has started it. */
  startKubelet(): Promise<void>;
  /** Sends the kubelet a signal; resolves when it is gone, or was not there. Pods go on without it. */
  stopKubelet(signal: Signal): Promise<void>;
}

export interface KubeletNodeOptions extends RealNodeOptions {
  /** Text of the kubelet's kubeconfig, with the API server's address as a guest sees it. */
  readonly kubeletKubeconfig: string;
  /** Paths on the host of archives of container images, to be imported before the kubelet starts. Default none. */
  readonly images?: readonly string[];
}

/** Resolves when the guest takes commands; containerd and kubelet are being started then. */
export async function startKubeletNode(run: LabRun, options: KubeletNodeOptions): Promise<KubeletNode> {
  const { name, kubeletKubeconfig, images = [], files = {}, log } = options;
  const { kernel } = await findQemuParts(log);
  const disk = await findDisk(run, log);
  const node = await startRealNode(run, {
    ...options,
    files: { ...nodeFiles(name, kubeletKubeconfig), ...files },
    machine: {
      disks: [disk, ...images],
      modules: nodeModules(kernel.modules),
      memoryMiB: 2048,
      logs: ["containerd", "kubelet"],
    },
  });
  return {
    ...node,
    startKubelet: () => node.guest.start("kubelet", KUBELET_COMMAND),
    stopKubelet: (signal) => node.guest.stopProcess("kubelet", signal),
  };
}

let search: Promise<string> | undefined;

/** Several nodes that start at once get it once. */
function findDisk(run: LabRun, log: (line: string) => void): Promise<string> {
  const find = async (): Promise<string> => {
    const { busybox, kernel } = await findQemuParts(log);
    // kmod is one program of many names.
    const { modprobe: kmod } = await findSystemParts(log);
    const parts = { ...(await findNodePrograms(run, log)), busybox, kernel: { modules: kernel.modules, kmod } };
    return nodeDisk(parts, join(qemuCache(), "disks"), join(run.dir, "disk"));
  };
  search ??= find().finally(() => (search = undefined));
  return search;
}
