import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { LabImages } from "../images.js";
import { KubeletStandIn } from "../kubelet-stand-in/kubelet.js";
import { describeExit, type LabProcess, type LabRun } from "../processes/lab-run.js";
import type { HardwareSpec } from "./simulated/hardware.js";
import { SimulatedHardware } from "./simulated/hardware-client.js";
import type { KubeletSettings } from "./simulated/kubelet.js";
import type { PodHost } from "./simulated/pods/pod-host.js";
import type { LabNode } from "./lab-node.js";

/** A node whose kernel is simulated, in a process of its own. */
export interface SimulatedNode extends LabNode {
  /** What a person at the machine could do to the hardware. */
  readonly hardware: SimulatedHardware;
  /** `flags` in place of those that the node was added with. */
  startAgent(flags?: readonly string[]): Promise<void>;
}

export interface SimulatedNodeOptions {
  readonly name: string;
  /** Path of the agent's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of the kubeconfig of a stand-in for a kubelet, which the agent then offers VFs to. Default: the node has none. */
  readonly kubeletKubeconfig?: string;
  /** Have that stand-in register the Node and run pods. Default: it runs none. */
  readonly pods?: NodePods;
  /** Default: two NICs, eno49 and eno50, of 63 VFs each. */
  readonly spec?: HardwareSpec;
  /** More flags for the agent. */
  readonly agentArgs?: readonly string[];
  /** Path of the agent's program where it is not the one that was built, such as a bundle of it. */
  readonly agentProgram?: string;
  /** Flags of Node for the agent's process. */
  readonly agentNodeFlags?: readonly string[];
  /** Added to the agent's environment. */
  readonly agentEnv?: Readonly<Record<string, string>>;
}

/** What a node's pods are run with. */
export interface NodePods {
  readonly images: LabImages;
  /** `https://HOST:PORT` of the API server, where pods are told of no other. */
  readonly server: string;
  readonly caPem: string;
}

export async function startSimulatedNode(run: LabRun, options: SimulatedNodeOptions): Promise<SimulatedNode> {
  const { name, kubeconfig, spec, agentArgs = [] } = options;
  const { agentProgram = join(__dirname, "simulated", "agent.js"), agentNodeFlags = [] } = options;
  // Short, since a socket's path may have no more than 108 characters.
  const socket = join(run.dir, `${name}.sock`);
  const hardwareArgs = ["--socket", socket];
  if (spec !== undefined) {
    const file = join(run.dir, `${name}.hardware.json`);
    writeFileSync(file, JSON.stringify(spec));
    hardwareArgs.push("--hardware", file);
  }
  const main = join(__dirname, "simulated", "main.js");
  const kernel = run.spawn(`${name}-kernel`, process.execPath, [main, ...hardwareArgs]);
  const hardware = await untilServed(kernel, socket);

  const kubeletFlags = startKubelet(run, options, socket);
  let agent: LabProcess | undefined;
  return {
    name,
    hardware,
    agentLog: join(run.dir, "logs", `${name}-agent.log`),
    startAgent(flags = agentArgs) {
      const env = { ...process.env, ...options.agentEnv };
      const args = [...agentNodeFlags, agentProgram, socket, "--node-name", name, "--kubeconfig", kubeconfig];
      agent = run.spawn(`${name}-agent`, process.execPath, [...args, ...kubeletFlags, ...flags], { env });
      return Promise.resolve();
    },
    async stopAgent(signal) {
      agent?.signal(signal);
      await agent?.exited;
    },
    async numVfs(address) {
      const { snapshot } = await hardware.hardwareState();
      const nic = snapshot.physicalFunctions.find((candidate) => candidate.address === address);
      if (nic === undefined) throw new Error(`${name} has no NIC at ${address}`);
      return nic.numVfs;
    },
  };
}

/** Returns the agent's flags for it. The agent waits for the kubelet, so that nobody has to wait here. */
function startKubelet(run: LabRun, options: SimulatedNodeOptions, kernel: string): string[] {
  const { name, kubeletKubeconfig: kubeconfig, pods } = options;
  if (kubeconfig === undefined) return [];
  // Not in the run's directory: sockets of device plugins have long names, and a path may have no more than 107 characters. The
  // process removes it when it ends.
  const kubelet = new KubeletStandIn(mkdtempSync(join(tmpdir(), "kubelet-")));
  const main = join(__dirname, "simulated", "kubelet.js");
  const settings: KubeletSettings = {
    ...{ directory: kubelet.directory, kubeconfig, nodeName: name },
    ...(pods && { host: podHost(run, name, { ...pods, kernel, kubelet: kubelet.directory }) }),
  };
  const file = join(run.dir, `${name}.kubelet.json`);
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
  run.spawn(`${name}-kubelet`, process.execPath, [main, file]);
  return [
    ...["--device-plugins", kubelet.devicePlugins],
    ...["--pod-resources", kubelet.podResources],
    ...["--device-info", join(kubelet.directory, "device-info")],
  ];
}

function podHost(
  run: LabRun,
  nodeName: string,
  { images, server, caPem, kernel, kubelet }: NodePods & { readonly kernel: string; readonly kubelet: string },
): PodHost {
  const { hostname, port } = new URL(server);
  return {
    ...{ nodeName, images, kernel, caPem },
    folder: join(run.dir, nodeName),
    folders: { kubelet, root: join(kubelet, "host") },
    logs: join(run.dir, "logs"),
    serviceEnv: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
  };
}

async function untilServed(kernel: LabProcess, socket: string): Promise<SimulatedHardware> {
  let ended = "";
  void kernel.exited.then((exit) => (ended = describeExit(kernel, exit)));
  for (;;) {
    if (existsSync(socket)) return new SimulatedHardware(socket);
    if (ended !== "") throw new Error(ended);
    await setTimeout(10);
  }
}
