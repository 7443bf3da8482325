import { AGENT_ACCOUNT, agentClusterRoleBinding } from "../api/agent-role.js";
import { CONTROLLER_ACCOUNT } from "../api/controller-role.js";
import { NODE } from "../api/core.js";
import { CLUSTER_ROLE_BINDING } from "../api/rbac.js";
import { KubeClient } from "../kube/client.js";
import type { ControlPlane } from "./control-plane/control-plane.js";
import { FIELD_MANAGER } from "./install-contract.js";

const A_DAY = 24 * 3_600;

/**
 * Credentials of the reconciler's parts: the controller's service account, and one service account for all agents, of which
 * each has a token that is bound to its Node. And those of kubelets, as the Node authorizer knows them.
 */
export class Identities {
  private readonly clients = new Map<string, Promise<KubeClient>>();

  constructor(
    private readonly administrator: KubeClient,
    private readonly controlPlane: ControlPlane,
  ) {}

  /**
   * Text of a kubeconfig for the agent of that node, whose Node object is made where there is none.
   *
   * @param server the API server's address as the agent sees it; default the control plane's own.
   */
  async ofAgent(nodeName: string, server?: string): Promise<string> {
    const options = { fieldManager: FIELD_MANAGER, force: true };
    await this.administrator.apply(NODE, { metadata: { name: nodeName } }, options);
    await this.administrator.apply(CLUSTER_ROLE_BINDING, agentClusterRoleBinding(), options);
    return this.controlPlane.serviceAccountKubeconfig({
      ...AGENT_ACCOUNT,
      boundNode: nodeName,
      expirationSeconds: A_DAY,
      ...(server !== undefined && { server }),
    });
  }

  /** What an agent of that node could write. The same client each time. */
  clientOfAgent(nodeName: string): Promise<KubeClient> {
    const known = this.clients.get(nodeName);
    if (known !== undefined) return known;
    const opened = this.ofAgent(nodeName).then((kubeconfig) => KubeClient.open({ kubeconfig }, "pulumi-sriov-agent"));
    this.clients.set(nodeName, opened);
    return opened;
  }

  /** Text of a kubeconfig for the kubelet of that node, at the API server's address as the kubelet sees it. */
  ofKubelet(nodeName: string, server: string): Promise<string> {
    return this.controlPlane.kubeconfigFor(`system:node:${nodeName}`, ["system:nodes"], { server });
  }

  /** Text of a kubeconfig for the controller; several may use it at once, as the pods of a Deployment do. */
  ofController(): Promise<string> {
    return this.controlPlane.serviceAccountKubeconfig({ ...CONTROLLER_ACCOUNT, expirationSeconds: A_DAY });
  }
}
