import { AGENT_ACCOUNT, agentClusterRoleBinding, type ClusterRoleBinding } from "../api/agent-role.js";
import { NODE } from "../api/core.js";
import type { ResourceType } from "../api/object.js";
import { KubeClient } from "../kube/client.js";
import type { ControlPlane } from "./control-plane/control-plane.js";
import { FIELD_MANAGER } from "./install-contract.js";

const CLUSTER_ROLE_BINDING: ResourceType<ClusterRoleBinding> = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  namespaced: false,
};

/** Credentials of agents: one service account for all, and for each a token that is bound to its Node. */
export class AgentIdentities {
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
  async kubeconfig(nodeName: string, server?: string): Promise<string> {
    const options = { fieldManager: FIELD_MANAGER, force: true };
    await this.administrator.apply(NODE, { metadata: { name: nodeName } }, options);
    await this.administrator.apply(CLUSTER_ROLE_BINDING, agentClusterRoleBinding(), options);
    return this.controlPlane.serviceAccountKubeconfig({
      ...AGENT_ACCOUNT,
      boundNode: nodeName,
      expirationSeconds: 24 * 3_600,
      ...(server !== undefined && { server }),
    });
  }

  /** What an agent of that node could write. The same client each time. */
  client(nodeName: string): Promise<KubeClient> {
    const known = this.clients.get(nodeName);
    if (known !== undefined) return known;
    const opened = this.kubeconfig(nodeName).then((kubeconfig) =>
      KubeClient.open({ kubeconfig }, "pulumi-sriov-agent"),
    );
    this.clients.set(nodeName, opened);
    return opened;
  }
}
