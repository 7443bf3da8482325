import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentClusterRole, AGENT_ROLE_NAME } from "../api/agent-role.js";
import { CUSTOM_RESOURCE_DEFINITION, NODE } from "../api/core.js";
import { customResourceDefinitions } from "../api/custom-resource-definitions.js";
import { Label } from "../api/names.js";
import type { KubeObject, ResourceType } from "../api/object.js";
import { KubeClient } from "../kube/client.js";
import { Informer } from "../kube/informer.js";
import { waitFor } from "../kube/wait.js";
import { type ControlPlane, startControlPlane } from "./control-plane/control-plane.js";
import type { LabNode } from "./nodes/lab-node.js";
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
  addRealNode(name: string, options?: Pick<RealNodeOptions, "agentArgs" | "files">): Promise<RealNode>;
  /** Resolves when the node's agent has reported. */
  awaitReport(node: LabNode): Promise<void>;
}

export interface SimulatedOptions {
  readonly spec?: HardwareSpec;
  readonly agentArgs?: readonly string[];
  /** Start the agent at once; default true. */
  readonly agent?: boolean;
}

export interface LabOptions {
  readonly log?: (line: string) => void;
  readonly audit?: boolean;
  /** Install CRDs and the agents' role; default true. */
  readonly contract?: boolean;
}

/** How long an agent may take to report after its process was started; a guest's is slow. */
const REPORT_MS = 90_000;
const FIELD_MANAGER = "pulumi-sriov-lab";

export async function startLab(run: LabRun, options: LabOptions = {}): Promise<Lab> {
  const { log = () => undefined, audit = false, contract = true } = options;
  const controlPlane = await startControlPlane(run, { log, audit });
  const client = KubeClient.open({ kubeconfig: controlPlane.kubeconfig }, "pulumi-sriov-lab");
  if (contract) await installContract(client);

  const lab: Lab = {
    run,
    controlPlane,
    client,
    async addSimulatedNode(name, { spec, agentArgs, agent = true } = {}) {
      const kubeconfig = join(run.dir, `${name}.kubeconfig`);
      writeFileSync(kubeconfig, await agentKubeconfig(client, controlPlane, name), { mode: 0o600 });
      const node = await startSimulatedNode(run, {
        name,
        kubeconfig,
        ...(spec && { spec }),
        ...(agentArgs && { agentArgs }),
      });
      if (agent) await node.startAgent();
      if (agent) await lab.awaitReport(node);
      return node;
    },
    async addRealNode(name, options) {
      const server = controlPlane.server.replace("127.0.0.1", "10.0.2.2");
      const node = await startRealNode(run, {
        name,
        kubeconfig: await agentKubeconfig(client, controlPlane, name, server),
        log,
        ...options,
      });
      await node.startAgent();
      await lab.awaitReport(node);
      return node;
    },
    awaitReport: (node) => awaitReport(client, node),
  };
  return lab;
}

/** Installs the CRDs and the agents' role, and waits until the API server serves the kinds. */
export async function installContract(client: KubeClient): Promise<void> {
  const options = { fieldManager: FIELD_MANAGER, force: true };
  const roles: ResourceType<KubeObject> = { ...RBAC, kind: "ClusterRole", plural: "clusterroles" };
  await client.apply(roles, agentClusterRole(), options);
  const definitions = customResourceDefinitions();
  for (const definition of definitions) await client.apply(CUSTOM_RESOURCE_DEFINITION, definition, options);
  const informer = new Informer(client, CUSTOM_RESOURCE_DEFINITION).start();
  try {
    await informer.synced;
    await waitFor(
      informer,
      () => {
        const missing = definitions
          .map((definition) => definition.metadata.name)
          .filter((name) => !isEstablished(informer.get(name)));
        return missing.length === 0
          ? { state: "satisfied", result: undefined }
          : { state: "pending", what: `${missing.join(", ")} not established yet` };
      },
      { deadline: Date.now() + 30_000 },
    );
  } finally {
    await informer.stop();
  }
}

const RBAC = { apiVersion: "rbac.authorization.k8s.io/v1", namespaced: false };

function isEstablished(definition: KubeObject | undefined): boolean {
  const conditions = (definition as { status?: { conditions?: { type: string; status: string }[] } } | undefined)
    ?.status?.conditions;
  return conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
}

/** The Node object, and a kubeconfig for its agent with a bearer token of its own that is bound to the node. */
async function agentKubeconfig(
  client: KubeClient,
  controlPlane: ControlPlane,
  nodeName: string,
  server?: string,
): Promise<string> {
  const options = { fieldManager: FIELD_MANAGER, force: true };
  await client.apply(NODE, { metadata: { name: nodeName } }, options);
  const account = { namespace: "pulumi-sriov", name: `agent-${nodeName}` };
  const kubeconfig = await controlPlane.serviceAccountKubeconfig({
    ...account,
    boundNode: nodeName,
    expirationSeconds: 24 * 3_600,
    ...(server !== undefined && { server }),
  });
  const bindings: ResourceType<KubeObject> = { ...RBAC, kind: "ClusterRoleBinding", plural: "clusterrolebindings" };
  const binding = {
    metadata: { name: `pulumi-sriov-agent-${nodeName}` },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: AGENT_ROLE_NAME },
    subjects: [{ kind: "ServiceAccount", ...account }],
  };
  await client.apply(bindings, binding, options);
  return kubeconfig;
}

async function awaitReport(client: KubeClient, node: LabNode): Promise<void> {
  const informer = new Informer(client, NODE, { fields: { "metadata.name": node.name } }).start();
  try {
    await informer.synced;
    await waitFor(
      informer,
      () =>
        informer.get(node.name)?.metadata.labels?.[Label.capable] === undefined
          ? { state: "pending", what: `the agent of ${node.name} has not reported; its log is ${node.agentLog}` }
          : { state: "satisfied", result: undefined },
      { deadline: Date.now() + REPORT_MS },
    );
  } finally {
    await informer.stop();
  }
}
