import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONTROLLER_ACCOUNT } from "../api/controller-role.js";
import { KubeClient } from "../kube/client.js";
import { awaitGuest, awaitKubelet, awaitReport } from "./await-node.js";
import { type ControlPlane, startControlPlane } from "./control-plane/control-plane.js";
import { type LabController, type LabControllerOptions, startLabController } from "./controller.js";
import { Identities } from "./identities.js";
import { LAB_IMAGES, type LabImages } from "./images.js";
import { installContract, installMultus } from "./install-contract.js";
import type { LabNode } from "./nodes/lab-node.js";
import { type KubeletNode, type KubeletNodeOptions, startKubeletNode } from "./nodes/kubelet/kubelet-node.js";
import { type RealNode, type RealNodeOptions, startRealNode } from "./nodes/real-node.js";
import { type SimulatedNode, startSimulatedNode } from "./nodes/simulated-node.js";
import type { HardwareSpec } from "./nodes/simulated/hardware.js";
import type { LabRun } from "./processes/lab-run.js";

/** A cluster in a box: a real control plane, and nodes whose agents run for real. */
export interface Lab {
  readonly run: LabRun;
  readonly controlPlane: ControlPlane;
  /** As cluster administrator. */
  readonly client: KubeClient;
  /** Adds a node with a simulated kernel; resolves when its agent has reported. */
  addSimulatedNode(name: string, options?: SimulatedOptions): Promise<SimulatedNode>;
  /** Adds a node with a real kernel; resolves when its agent has reported. */
  addRealNode(name: string, options?: RealOptions): Promise<RealNode>;
  /**
   * Adds a node with a real kernel that runs pods; resolves when it is ready for them and its agent has reported. With
   * `agent: false` there is none but what pods run, and nothing is made for one.
   */
  addKubeletNode(name: string, options?: KubeletOptions): Promise<KubeletNode>;
  /** Resolves when the node's kubelet has said, since the guest's last boot, that it is ready for pods. */
  awaitReady(node: RealNode): Promise<void>;
  /** Resolves when the node's agent has reported. */
  awaitReport(node: LabNode): Promise<void>;
  /** Starts a replica of the controller; resolves when its process runs. Any number of them may run. */
  startController(options?: LabControllerOptions): Promise<LabController>;
  /** As the agent of that node, who alone may write status there. Makes the Node where there is none. */
  clientOfNode(nodeName: string): Promise<KubeClient>;
  /**
   * Gives a simulated node's agent credentials for the Node object as it is now, for the next start of the agent. A Node
   * that was deleted and made anew is another one, and credentials of the old one are good for nothing; in a cluster, the
   * agent's next pod there gets its own.
   */
  renewCredentials(nodeName: string): Promise<void>;
  /**
   * Path of a kubeconfig (mode 0600) for controllers: their service account, with the rights of `api/controller-role.ts` and
   * no others, by a token that is good for a day. Each call writes the file with a new token; any number of controllers may
   * use it at once.
   */
  controllerKubeconfig(): Promise<string>;
}

export interface SimulatedOptions {
  readonly spec?: HardwareSpec;
  readonly agentArgs?: readonly string[];
  readonly agentProgram?: string;
  readonly agentNodeFlags?: readonly string[];
  readonly agentEnv?: Readonly<Record<string, string>>;
  /** Start the agent at once; default true. */
  readonly agent?: boolean;
  /**
   * Give the node a stand-in for a kubelet, in a process of its own: the Node's status says what the agent offers, and pods of the
   * node are given it. Default false.
   */
  readonly kubelet?: boolean;
  /**
   * As `kubelet`, and it registers the Node and runs the node's pods, as processes of this machine. No agent is started then: it
   * comes as a pod. Default false.
   */
  readonly pods?: boolean;
  /** Beside those of the lab. */
  readonly images?: LabImages;
}

export type RealOptions = Pick<SimulatedOptions, "agent"> & Pick<RealNodeOptions, "agentArgs" | "files">;

export type KubeletOptions = RealOptions & Pick<KubeletNodeOptions, "images">;

export interface LabOptions {
  readonly log?: (line: string) => void;
  readonly audit?: boolean;
  /** Install namespace, kinds, roles and admission policies, as {@link installContract} does; default true. */
  readonly contract?: boolean;
  /** Install Multus's kind, which is others' to install in a cluster; default: with the contract. */
  readonly multus?: boolean;
  /** Run a scheduler, which gives pods to nodes; default false. */
  readonly scheduler?: boolean;
  /** What simulated nodes have to run pods of, beside {@link LAB_IMAGES}. */
  readonly images?: LabImages;
}

export async function startLab(run: LabRun, options: LabOptions = {}): Promise<Lab> {
  const { log = () => undefined, audit = false, contract = true, scheduler = false } = options;
  const controlPlane = await startControlPlane(run, { log, audit, scheduler });
  const client = KubeClient.open({ kubeconfig: controlPlane.kubeconfig }, "pulumi-sriov-lab");
  if (contract) await installContract(client);
  else if (options.multus === true) await installMultus(client);

  const identities = new Identities(client, controlPlane);
  const { caPem } = controlPlane;
  const ownImages: LabImages = { ...LAB_IMAGES, ...options.images };
  const kubeconfigFile = (name: string): string => join(run.dir, `${name}.kubeconfig`);
  const lab: Lab = {
    run,
    controlPlane,
    client,
    async addSimulatedNode(name, { pods = false, images, ...options } = {}) {
      const { agent = !pods, kubelet = pods, ...others } = options;
      // A kubelet makes its Node itself, and an agent in a pod has credentials from it.
      if (!pods) await lab.renewCredentials(name);
      const kubeletKubeconfig = kubeconfigFile(`${name}-kubelet`);
      if (kubelet) {
        const text = await identities.ofKubelet(name, controlPlane.server);
        writeFileSync(kubeletKubeconfig, text, { mode: 0o600 });
      }
      const node = await startSimulatedNode(run, {
        name,
        kubeconfig: kubeconfigFile(name),
        ...(kubelet && { kubeletKubeconfig }),
        ...(pods && { pods: { images: { ...ownImages, ...images }, server: controlPlane.server, caPem } }),
        ...others,
      });
      if (pods) await awaitKubelet(client, name, join(run.dir, "logs", `${name}-kubelet.log`));
      if (agent) await node.startAgent();
      if (agent) await lab.awaitReport(node);
      return node;
    },
    async addRealNode(name, { agent = true, ...options } = {}) {
      const server = controlPlane.server.replace("127.0.0.1", "10.0.2.2");
      const node = await startRealNode(run, {
        name,
        kubeconfig: await identities.ofAgent(name, server),
        log,
        ...options,
      });
      if (agent) await node.startAgent();
      if (agent) await lab.awaitReport(node);
      return node;
    },
    async addKubeletNode(name, { agent = true, ...options } = {}) {
      const server = controlPlane.server.replace("127.0.0.1", "10.0.2.2");
      const node = await startKubeletNode(run, {
        name,
        ...(agent && { kubeconfig: await identities.ofAgent(name, server) }),
        kubeletKubeconfig: await identities.ofKubelet(name, server),
        log,
        ...options,
      });
      await lab.awaitReady(node);
      if (agent) await node.startAgent();
      if (agent) await lab.awaitReport(node);
      return node;
    },
    awaitReady: (node) => awaitGuest(client, node),
    awaitReport: (node) => awaitReport(client, node),
    startController: (options) => startLabController(lab, options),
    clientOfNode: (name) => identities.clientOfAgent(name),
    async renewCredentials(name) {
      writeFileSync(kubeconfigFile(name), await identities.ofAgent(name), { mode: 0o600 });
    },
    async controllerKubeconfig() {
      const file = kubeconfigFile(CONTROLLER_ACCOUNT.name);
      writeFileSync(file, await identities.ofController(), { mode: 0o600 });
      return file;
    },
  };
  return lab;
}
