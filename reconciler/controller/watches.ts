import type { Logger } from "pino";
import { NODE, type Node } from "../../api/core.js";
import type { KubeObject, ResourceType } from "../../api/object.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../kube/client.js";
import { messageOf } from "../../kube/errors.js";
import { Informer, type InformerOptions } from "../../kube/informer.js";
import { ServedKinds } from "../../kube/served-kinds.js";
import { inWords } from "../service/missing-kind.js";
import type { ControllerMetrics } from "./service/metrics.js";

export interface WatchesParts {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
}

/** The controller's copies of what more than one of its jobs goes by. */
export class Watches {
  /** Names and labels alone. */
  readonly nodes: Informer<Node>;
  readonly devices: Informer<SriovNetworkDevice>;
  /** Those of all namespaces. */
  readonly policies: Informer<SriovNetworkNodePolicy>;
  /** Begun by the jobs that go by it, and not waited for by the others: they have nothing to do with claims. */
  readonly claims: Informer<PciDeviceClaim>;
  /** Which of the kinds that a cluster may lack it has; for an `OptionalInformer`. */
  readonly served: ServedKinds;

  constructor(private readonly parts: WatchesParts) {
    const { client, log } = parts;
    this.nodes = new Informer(client, NODE, { ...this.telling(NODE), keep: nameAndLabels });
    this.devices = new Informer(client, SRIOV_NETWORK_DEVICE, this.telling(SRIOV_NETWORK_DEVICE));
    this.policies = new Informer(client, SRIOV_NETWORK_NODE_POLICY, this.telling(SRIOV_NETWORK_NODE_POLICY));
    this.claims = new Informer(client, PCI_DEVICE_CLAIM, this.telling(PCI_DEVICE_CLAIM));
    const onError = (error: unknown): void =>
      log.warn({ err: error }, `which kinds the cluster has is not known: ${messageOf(error)}`);
    this.served = new ServedKinds(client, { onError });
  }

  /** Resolves after the first lists; rejects by `stop`. */
  async start(): Promise<void> {
    this.served.start();
    await Promise.all(this.informers.map((informer) => informer.start().synced));
  }

  /** Plurals of the kinds that could not be listed yet. */
  unknown(): string[] {
    const { nodes, devices, policies } = this;
    const needed = { nodes, sriovnetworkdevices: devices, sriovnetworknodepolicies: policies };
    return Object.entries(needed).flatMap(([plural, { hasSynced }]) => (hasSynced ? [] : [plural]));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.informers, this.claims, this.served].map((source) => source.stop()));
  }

  /** For every informer of the controller: a list or watch that failed is counted, and told in words. */
  telling(type: ResourceType<KubeObject>): Pick<InformerOptions, "onError"> {
    return {
      onError: (error) => {
        this.parts.metrics.watchRestarted(type.plural);
        this.parts.log.warn({ err: error }, `watch of ${type.plural}: ${inWords(error, type)}`);
      },
    };
  }

  private get informers() {
    return [this.nodes, this.devices, this.policies];
  }
}

/** A Node's status is large, and changes often. */
function nameAndLabels({ metadata }: Node): Node {
  const { name, uid, resourceVersion, labels } = metadata;
  return {
    metadata: {
      name,
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(labels && { labels }),
    },
  };
}
