import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import {
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
} from "../../../api/network-attachment-definition.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { SRIOV_NETWORK, type SriovNetworkSpec } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicySpec } from "../../../api/sriov-network-node-policy.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";
import type { Lab } from "../../../lab/lab.js";

const DEADLINE_MS = 120_000;
const OPTIONS = { fieldManager: "person" };

/** Policies and networks as a person makes them with kubectl, where they count. */
export class NetworkCluster {
  constructor(private readonly lab: Lab) {}

  async addPolicy(name: string, spec: SriovNetworkNodePolicySpec): Promise<void> {
    const metadata = { name, namespace: RECONCILER_NAMESPACE };
    await this.lab.client.create(SRIOV_NETWORK_NODE_POLICY, { metadata, spec }, OPTIONS);
  }

  /** Resolves with the attachment that the controller has made of it. */
  async addNetwork(name: string, spec: SriovNetworkSpec): Promise<NetworkAttachmentDefinition> {
    const metadata = { name, namespace: RECONCILER_NAMESPACE };
    await this.lab.client.create(SRIOV_NETWORK, { metadata, spec }, OPTIONS);
    return this.until(NETWORK_ATTACHMENT_DEFINITION, name, (found) => found);
  }

  async removePolicy(name: string): Promise<void> {
    await this.lab.client.delete(SRIOV_NETWORK_NODE_POLICY, name, { namespace: RECONCILER_NAMESPACE });
  }

  /** Resolves when its attachment is gone, too. */
  async removeNetwork(name: string): Promise<void> {
    await this.lab.client.delete(SRIOV_NETWORK, name, { namespace: RECONCILER_NAMESPACE });
    await this.until(NETWORK_ATTACHMENT_DEFINITION, name, (found) => (found === undefined ? true : undefined));
  }

  private async until<T extends KubeObject, R>(
    type: ResourceType<T>,
    name: string,
    wanted: (object: T | undefined) => R | undefined,
  ): Promise<R> {
    const informer = new Informer(this.lab.client, type, { namespace: RECONCILER_NAMESPACE }).start();
    try {
      await informer.synced;
      return await waitFor(
        informer,
        () => {
          const result = wanted(informer.get(name, RECONCILER_NAMESPACE));
          return result === undefined
            ? { state: "pending", what: `${type.kind} ${name} is not as awaited` }
            : { state: "satisfied", result };
        },
        { deadline: Date.now() + DEADLINE_MS },
      );
    } finally {
      await informer.stop();
    }
  }
}
