import type { Logger } from "pino";
import { NODE, type Node } from "../../api/core.js";
import { Label, labelValue } from "../../api/names.js";
import type { KubeObject, ResourceType } from "../../api/object.js";
import { PCI_DEVICE, type PciDevice } from "../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { VLAN_CONFIG, type VlanConfig } from "../../api/vlan-config.js";
import type { KubeClient } from "../../kube/client.js";
import { messageOf } from "../../kube/errors.js";
import { Informer, type InformerOptions } from "../../kube/informer.js";
import { OptionalInformer } from "../../kube/optional-informer.js";
import { ServedKinds } from "../../kube/served-kinds.js";
import { inWords } from "../service/missing-kind.js";
import { keptOfPciDevice } from "./pci/wanted-pci-device.js";
import type { AgentMetrics } from "./service/metrics.js";

export interface WatchesParts {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: AgentMetrics;
}

/** The agent's copies of what the cluster has for its node, and of what else its work depends on. */
export class Watches {
  /** Its own Node only. */
  readonly nodes: Informer<Node>;
  readonly devices: Informer<SriovNetworkDevice>;
  readonly pciDevices: Informer<PciDevice>;
  /** All claims of the cluster: whose node one is for, only its spec says. */
  readonly claims: OptionalInformer<PciDeviceClaim>;
  readonly vlanConfigs: OptionalInformer<VlanConfig>;
  /** Which of the kinds that a cluster may lack it has. */
  readonly served: ServedKinds;

  constructor(
    private readonly parts: WatchesParts,
    nodeName: string,
    /** Reject at the first list of a needed kind that fails. */
    failFast = false,
  ) {
    const { client, log } = parts;
    const ofThisNode = { labels: { [Label.nodeName]: labelValue(nodeName) } };
    this.nodes = new Informer(client, NODE, { fields: { "metadata.name": nodeName }, ...this.telling(NODE), failFast });
    this.devices = new Informer(client, SRIOV_NETWORK_DEVICE, {
      ...ofThisNode,
      ...this.telling(SRIOV_NETWORK_DEVICE),
      failFast,
    });
    this.pciDevices = new Informer(client, PCI_DEVICE, {
      ...ofThisNode,
      ...this.telling(PCI_DEVICE),
      failFast,
      keep: keptOfPciDevice,
    });
    const onError = (error: unknown): void =>
      log.warn({ err: error }, `which kinds the cluster has is not known: ${messageOf(error)}`);
    this.served = new ServedKinds(client, { onError });
    this.claims = new OptionalInformer(client, PCI_DEVICE_CLAIM, this.served, this.telling(PCI_DEVICE_CLAIM));
    this.vlanConfigs = new OptionalInformer(client, VLAN_CONFIG, this.served, this.telling(VLAN_CONFIG));
  }

  /** Resolves after the first lists. */
  async start(): Promise<void> {
    this.served.start();
    await Promise.all(this.informers.map((informer) => informer.start().synced));
  }

  /** Plurals of the kinds that could not be listed yet; of those that a cluster may lack, not where it lacks them. */
  unknown(): string[] {
    const needed = { nodes: this.nodes, sriovnetworkdevices: this.devices, pcidevices: this.pciDevices };
    const optional = { pcideviceclaims: this.claims, vlanconfigs: this.vlanConfigs };
    return Object.entries({ ...needed, ...optional }).flatMap(([plural, { hasSynced }]) => (hasSynced ? [] : [plural]));
  }

  /** Asks now which of the kinds that a cluster may lack it has. */
  look(): Promise<void> {
    return this.served.look();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.informers, this.served].map((source) => source.stop()));
  }

  private get informers() {
    return [this.nodes, this.devices, this.pciDevices, this.claims, this.vlanConfigs];
  }

  private telling(type: ResourceType<KubeObject>): Pick<InformerOptions, "onError"> {
    return {
      onError: (error) => {
        this.parts.metrics.watchRestarted(type.plural);
        this.parts.log.warn({ err: error }, `watch of ${type.plural}: ${inWords(error, type)}`);
      },
    };
  }
}
