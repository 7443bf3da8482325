import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { CUSTOM_RESOURCE_DEFINITION, type CustomResourceDefinition, NAMESPACE } from "../../../../api/core.js";
import { Annotation } from "../../../../api/names.js";
import {
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
} from "../../../../api/network-attachment-definition.js";
import type { KubeObject } from "../../../../api/object.js";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../../api/sriov-network.js";
import {
  type NodeStateInterfaceStatus,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from "../../../../api/sriov-network-node-state.js";
import type { KubeClient } from "../../../../kube/client.js";
import { isNotFound } from "../../../../kube/errors.js";
import { Informer } from "../../../../kube/informer.js";
import { networkAttachmentDefinitionKind } from "../../../../lab/multus.js";

const FIELD_MANAGER = "sriov-network-operator";
const FINALIZER = "netattdef.finalizers.sriovnetwork.openshift.io";
const RELEASED = join(__dirname, "../../../../../test/fixtures/sriov-network-operator/sriovnetworks.yaml");

/** Where the operator runs. */
export const OPERATOR_NAMESPACE = "sriov-network-operator";

/**
 * Does in a cluster what the sriov-network-operator does for networks, on the kind that it has released: a finalizer, an
 * attachment, and (as its newer releases do) a condition.
 */
export class ScriptedOperator {
  /** Whether it says in a network's status what has come of it; older releases do not. */
  speaks = false;
  /** Whether it does anything at all. */
  works = true;

  private readonly networks: Informer<SriovNetwork>;
  private last: Promise<void> = Promise.resolve();

  private constructor(private readonly client: KubeClient) {
    this.networks = new Informer(client, SRIOV_NETWORK);
    this.networks.onChange((change) => {
      if (change.kind === "set") this.enqueue(change.object);
    });
  }

  /** Installs the operator's kinds, and Multus's, and begins. */
  static async start(client: KubeClient): Promise<ScriptedOperator> {
    const released = parse(readFileSync(RELEASED, "utf8")) as CustomResourceDefinition;
    const options = { fieldManager: FIELD_MANAGER, force: true };
    for (const kind of [released, nodeStateKind(), networkAttachmentDefinitionKind()]) {
      await client.apply(CUSTOM_RESOURCE_DEFINITION, kind, options);
    }
    await client.apply(NAMESPACE, { metadata: { name: OPERATOR_NAMESPACE } }, options);
    // They are served a moment after they are there; an informer asks until they are.
    for (const type of [SRIOV_NETWORK_NODE_STATE, NETWORK_ATTACHMENT_DEFINITION]) {
      const informer = new Informer<KubeObject>(client, type).start();
      await informer.synced;
      await informer.stop();
    }
    const operator = new ScriptedOperator(client);
    await operator.networks.start().synced;
    return operator;
  }

  async stop(): Promise<void> {
    await this.networks.stop();
    await this.last;
  }

  /** Goes on with what it has left undone. */
  resume(): void {
    this.works = true;
    for (const network of this.networks.list()) this.enqueue(network);
  }

  /** What its daemon on a node reports. */
  async reportNode(name: string, interfaces: readonly NodeStateInterfaceStatus[]): Promise<void> {
    const options = { fieldManager: FIELD_MANAGER, force: true };
    const metadata = { name, namespace: OPERATOR_NAMESPACE };
    await this.client.apply<SriovNetworkNodeState, { metadata: typeof metadata }>(
      SRIOV_NETWORK_NODE_STATE,
      { metadata },
      options,
    );
    const status = { syncStatus: "Succeeded", interfaces };
    await this.client.apply(SRIOV_NETWORK_NODE_STATE, { metadata, status } as KubeObject, {
      ...options,
      subresource: "status",
    });
  }

  private enqueue(network: SriovNetwork): void {
    this.last = this.last.then(() => this.reconcile(network).catch(() => undefined));
  }

  private async reconcile(network: SriovNetwork): Promise<void> {
    const { name, namespace = "", deletionTimestamp } = network.metadata;
    if (!this.works) return;
    const place = { name, namespace: network.spec.networkNamespace ?? namespace };
    if (deletionTimestamp !== undefined) {
      await this.client.delete(NETWORK_ATTACHMENT_DEFINITION, name, place).catch(ignoreNotFound);
      await this.merge(network, { metadata: { finalizers: null } });
      return;
    }
    await this.merge(network, { metadata: { finalizers: [FINALIZER] } });
    await this.attach(network, place);
    if (!this.speaks) return;
    const { generation = 1 } = network.metadata;
    const ready = {
      type: "Ready",
      status: "True",
      reason: "NetworkReady",
      message: "",
      observedGeneration: generation,
    };
    const conditions = [{ ...ready, lastTransitionTime: new Date().toISOString() }];
    await this.merge(network, { status: { conditions } }, "status");
  }

  private async attach(network: SriovNetwork, place: { name: string; namespace: string }): Promise<void> {
    const { name, namespace = "" } = network.metadata;
    const annotations = {
      [Annotation.resourceName]: `openshift.io/${network.spec.resourceName ?? ""}`,
      [Annotation.ownerRef]: `SriovNetwork.sriovnetwork.openshift.io/${namespace}/${name}`,
    };
    // Not what our own rendering gives, as a release of the operator with other ideas.
    const ideas = this.speaks ? { trust: "off" } : {};
    const plugin = { cniVersion: "0.3.1", name, type: "sriov", vlan: network.spec.vlan ?? 0, ...ideas };
    const config = JSON.stringify(plugin, null, 2);
    await this.client.apply<NetworkAttachmentDefinition, NetworkAttachmentDefinition>(
      NETWORK_ATTACHMENT_DEFINITION,
      { metadata: { ...place, annotations }, spec: { config } },
      { fieldManager: FIELD_MANAGER, force: true },
    );
  }

  private async merge({ metadata }: SriovNetwork, patch: object, subresource?: "status"): Promise<void> {
    const { name, namespace = "" } = metadata;
    const options = { fieldManager: FIELD_MANAGER, namespace, ...(subresource && { subresource }) };
    await this.client.merge(SRIOV_NETWORK, name, { ...patch }, options);
  }
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

/** The kind of the operator's node states, as far as this project reads them. */
function nodeStateKind(): CustomResourceDefinition {
  const { kind, plural, apiVersion } = SRIOV_NETWORK_NODE_STATE;
  const [group = "", version = ""] = apiVersion.split("/");
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: open, status: open } } };
  return {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, subresources: { status: {} }, schema }],
    },
  };
}
