import { EVENT, type Event } from "../../../../api/event.js";
import { NAMESPACE } from "../../../../api/core.js";
import { RECONCILER_NAMESPACE } from "../../../../api/names.js";
import {
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
} from "../../../../api/network-attachment-definition.js";
import type { Condition, KubeObject, ObjectMeta, ResourceType } from "../../../../api/object.js";
import {
  SRIOV_NETWORK,
  type NetworkReason,
  type SriovNetwork,
  type SriovNetworkSpec,
} from "../../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../../../kube/client.js";
import { isNotFound } from "../../../../kube/errors.js";
import { Informer } from "../../../../kube/informer.js";
import { type Verdict, waitFor } from "../../../../kube/wait.js";
import { until } from "../../agent/observer.js";

const DEADLINE_MS = 45_000;
/** As a person with `kubectl edit`. */
const PERSON = { fieldManager: "kubectl-edit" };

let namespaces = 0;

/** A cluster as people see it who make networks and look what comes of them. */
export class Cluster {
  readonly networks: Informer<SriovNetwork>;
  readonly attachments: Informer<NetworkAttachmentDefinition>;
  readonly events: Informer<Event>;

  private constructor(readonly client: KubeClient) {
    this.networks = new Informer(client, SRIOV_NETWORK).start();
    this.attachments = new Informer(client, NETWORK_ATTACHMENT_DEFINITION).start();
    this.events = new Informer(client, EVENT).start();
  }

  static async watch(client: KubeClient): Promise<Cluster> {
    const cluster = new Cluster(client);
    await Promise.all([cluster.networks.synced, cluster.events.synced]);
    return cluster;
  }

  /** Ends its watches, and removes every network and policy that is left in the namespaces that it has made. */
  async stop(): Promise<void> {
    for (const { metadata } of this.networks.list()) await this.remove(SRIOV_NETWORK, metadata);
    const { items } = await this.client.list(SRIOV_NETWORK_NODE_POLICY);
    for (const { metadata } of items) await this.remove(SRIOV_NETWORK_NODE_POLICY, metadata);
    await Promise.all([this.networks.stop(), this.attachments.stop(), this.events.stop()]);
  }

  /** Makes a namespace that no other test has, or the one that is named. */
  async namespace(name = `nets-${++namespaces}`): Promise<string> {
    await this.client.apply(NAMESPACE, { metadata: { name } }, { ...PERSON, force: true });
    return name;
  }

  /** Makes a network as somebody else's manifest would. */
  create(name: string, namespace: string, spec: SriovNetworkSpec, annotations = {}): Promise<SriovNetwork> {
    return this.client.create(SRIOV_NETWORK, { metadata: { name, namespace, annotations }, spec }, PERSON);
  }

  /** Makes a network in the controller's own namespace. */
  createCentral(name: string, spec: SriovNetworkSpec, annotations = {}): Promise<SriovNetwork> {
    return this.create(name, RECONCILER_NAMESPACE, spec, annotations);
  }

  async edit<T extends KubeObject>(
    type: ResourceType<T>,
    { name, namespace }: ObjectMeta,
    patch: Readonly<Record<string, unknown>>,
  ): Promise<T> {
    return this.client.merge(type, name, patch, { ...PERSON, ...(namespace !== undefined && { namespace }) });
  }

  async remove(type: ResourceType<KubeObject>, { name, namespace }: ObjectMeta): Promise<void> {
    try {
      await this.client.delete(type, name, namespace === undefined ? {} : { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  policy(name: string, resourceName: string): Promise<SriovNetworkNodePolicy> {
    const spec = { resourceName, nodeSelector: { none: "such" }, nicSelector: { vendor: "8086" }, numVfs: 0 };
    const metadata = { name, namespace: RECONCILER_NAMESPACE };
    return this.client.create(SRIOV_NETWORK_NODE_POLICY, { metadata, spec }, PERSON);
  }

  /** Resolves when the controller has said so about the network as it is now. */
  async ready({ metadata }: SriovNetwork, reason: NetworkReason): Promise<SriovNetwork> {
    return this.network(
      metadata,
      (network) =>
        network.status?.observedGeneration === network.metadata.generation && readyOf(network)?.reason === reason,
    );
  }

  network({ name, namespace }: ObjectMeta, wanted: (network: SriovNetwork) => boolean): Promise<SriovNetwork> {
    const find = () => this.networks.get(name, namespace);
    return until(this.networks, find, wanted, `SriovNetwork ${name}`, DEADLINE_MS);
  }

  /** Resolves when there is an attachment as wanted. */
  attachment(
    namespace: string,
    name: string,
    wanted: (attachment: NetworkAttachmentDefinition) => boolean = () => true,
  ): Promise<NetworkAttachmentDefinition> {
    const find = () => this.attachments.get(name, namespace);
    return until(this.attachments, find, wanted, `NetworkAttachmentDefinition ${namespace}/${name}`, DEADLINE_MS);
  }

  /** Resolves when somebody has changed the attachment since, and it is as wanted. */
  attachmentAfter(
    { metadata }: NetworkAttachmentDefinition,
    wanted: (attachment: NetworkAttachmentDefinition) => boolean = () => true,
  ): Promise<NetworkAttachmentDefinition> {
    const isNewer = (it: NetworkAttachmentDefinition) =>
      BigInt(it.metadata.resourceVersion ?? 0) > BigInt(metadata.resourceVersion ?? 0);
    return this.attachment(metadata.namespace ?? "", metadata.name, (it) => isNewer(it) && wanted(it));
  }

  /** Resolves when there is no such attachment (any more). */
  noAttachment(namespace: string, name: string): Promise<void> {
    return gone(this.attachments, name, namespace);
  }

  /** Resolves when there is no such network any more. */
  noNetwork({ name, namespace }: ObjectMeta): Promise<void> {
    return gone(this.networks, name, namespace);
  }

  /** The attachment as it is at this moment; undefined where there is none. */
  async attachmentNow(namespace: string, name: string): Promise<NetworkAttachmentDefinition | undefined> {
    const { items } = await this.client.list(NETWORK_ATTACHMENT_DEFINITION, { namespace });
    return items.find(({ metadata }) => metadata.name === name);
  }

  /** Resolves with an event of that reason about the network. */
  event({ metadata }: SriovNetwork, reason: string): Promise<Event> {
    const find = () => this.events.list().find((it) => it.involvedObject.uid === metadata.uid && it.reason === reason);
    return until(this.events, find, () => true, `event ${reason} about ${metadata.name}`, DEADLINE_MS);
  }
}

export function readyOf(network: SriovNetwork): Condition | undefined {
  return network.status?.conditions?.find(({ type }) => type === "Ready");
}

/** The CNI configuration that an attachment has. */
export function configOf(attachment: NetworkAttachmentDefinition): unknown {
  return JSON.parse(attachment.spec?.config ?? "null");
}

/** Another person's attachment. */
export function foreignAttachment(
  cluster: Cluster,
  namespace: string,
  name: string,
  annotations: Readonly<Record<string, string>> = {},
  fieldManager = "somebody",
): Promise<NetworkAttachmentDefinition> {
  const config = '{"cniVersion":"0.3.1","type":"bridge"}';
  const object = { metadata: { name, namespace, annotations }, spec: { config } };
  return cluster.client.create(NETWORK_ATTACHMENT_DEFINITION, object, { fieldManager });
}

function gone<T extends KubeObject>(informer: Informer<T>, name: string, namespace?: string): Promise<void> {
  const verdict = (): Verdict<void> =>
    informer.get(name, namespace) === undefined
      ? { state: "satisfied", result: undefined }
      : { state: "pending", what: `${namespace ?? ""}/${name} is still there` };
  return waitFor(informer, verdict, { deadline: Date.now() + DEADLINE_MS });
}
