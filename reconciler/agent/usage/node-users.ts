import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { POD, type Pod } from "../../../api/core.js";
import { NETWORK_STATUS } from "../../../api/network-attachment-definition.js";
import {
  KubeVirtAnnotation,
  KubeVirtLabel,
  VIRTUAL_MACHINE_INSTANCE,
  type VirtualMachineInstance,
} from "../../../api/kubevirt.js";
import type { KubeObject, ObjectMeta } from "../../../api/object.js";
import type { KubeClient } from "../../../kube/client.js";
import { messageOf } from "../../../kube/errors.js";
import { type Change, Informer } from "../../../kube/informer.js";
import { OptionalInformer } from "../../../kube/optional-informer.js";
import type { PciAddress, PhysicalFunction } from "../../kernel/kernel.js";
import type { AgentMetrics } from "../service/metrics.js";
import { findHolders, type Holder, type Holders, noHolders, usersOf } from "./holders.js";
import { networkDevices } from "./network-status.js";
import { type Allocation, PodResources } from "./pod-resources.js";
import type { UsageSources, VfUsers } from "./vf-users.js";

export interface NodeUsersParts {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: Pick<AgentMetrics, "watchRestarted">;
  readonly nodeName: string;
  /** Path of the kubelet's socket; there need be none. */
  readonly podResources: string;
}

/**
 * Who holds VFs of one node, from everybody who knows: claims of PCI devices, KubeVirt's virtual machines, the networks
 * of pods, the kubelet, and the kernel.
 */
export class NodeUsers implements VfUsers {
  private readonly pods: Informer<Pod>;
  private readonly podResources: PodResources;
  private readonly listeners = new Set<() => void>();
  private sources: UsageSources | undefined;
  private machines: OptionalInformer<VirtualMachineInstance> | undefined;
  private holders: Holders = noHolders;
  private due: NodeJS.Immediate | undefined;
  private stopped = false;

  constructor(private readonly parts: NodeUsersParts) {
    const { client, log, nodeName, podResources } = parts;
    this.podResources = new PodResources(podResources, log);
    this.pods = new Informer(client, POD, {
      fields: { "spec.nodeName": nodeName },
      keep: keepOfPod,
      onError: this.watchFailed(POD.plural),
    });
  }

  async start(sources: UsageSources): Promise<void> {
    this.sources = sources;
    const { client, nodeName } = this.parts;
    this.machines = new OptionalInformer(client, VIRTUAL_MACHINE_INSTANCE, sources.served, {
      // What is too long for a label is on none; the status tells then.
      ...(nodeName.length <= 63 && { labels: { [KubeVirtLabel.nodeName]: nodeName } }),
      keep: keepOfMachine,
      onError: this.watchFailed(VIRTUAL_MACHINE_INSTANCE.plural),
    });
    this.pods.onChange((change) => this.hearOfPod(change));
    for (const source of [this.machines, sources.claims, sources.pciDevices]) source.onChange(() => this.changed());
    await Promise.all([this.pods.start().synced, this.machines.start().synced, this.podResources.refresh()]);
    this.update();
  }

  unknown(): readonly string[] {
    const pods = this.pods.hasSynced ? [] : [POD.plural];
    return this.machines === undefined || this.machines.hasSynced ? pods : [...pods, VIRTUAL_MACHINE_INSTANCE.plural];
  }

  silent(): string | undefined {
    return this.podResources.silent();
  }

  /** What the kubelet has given to pods, by its last answer. */
  allocations(): readonly Allocation[] {
    return this.podResources.list();
  }

  of(nic: PhysicalFunction): ReadonlyMap<PciAddress, string> {
    return usersOf(nic, this.parts.nodeName, this.holders);
  }

  holdersOf(address: PciAddress): readonly Holder[] {
    return (this.holders.byAddress.get(address) ?? []).filter(({ kind }) => kind !== "claim");
  }

  async refresh(): Promise<void> {
    await this.podResources.refresh();
    this.update();
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearImmediate(this.due);
    await Promise.all([this.pods.stop(), this.machines?.stop()]);
  }

  private hearOfPod(change: Change<Pod>): void {
    const { kind, object } = change;
    const previous = kind === "set" ? change.previous : undefined;
    if (kind === "set" && previous !== undefined && isSameUse(object, previous)) return;
    if (kind === "set" && networkStatusOf(object) !== networkStatusOf(previous)) this.tellIfMalformed(object);
    this.changed();
    // A pod that begins or ends is when the kubelet has something new to say.
    void this.podResources.refresh().then(() => this.changed());
  }

  private tellIfMalformed(pod: Pod): void {
    try {
      networkDevices(pod);
    } catch (error) {
      const { name, namespace = "" } = pod.metadata;
      const told = `annotation ${NETWORK_STATUS} of pod ${namespace}/${name} cannot be read: ${messageOf(error)}`;
      this.parts.log.warn({ err: error }, `${told}. VFs of that pod may look unused; whoever wrote it must mend it.`);
    }
  }

  /** Many changes come together, as when a virtual machine ends with its pod: they are looked at once. */
  private changed(): void {
    if (this.stopped) return;
    this.due ??= setImmediate(() => this.update());
  }

  private update(): void {
    clearImmediate(this.due);
    this.due = undefined;
    if (this.sources === undefined || this.stopped) return;
    const holders = findHolders({
      nodeName: this.parts.nodeName,
      claims: this.sources.claims.list(),
      machines: this.machines?.list() ?? [],
      pods: this.pods.list(),
      allocations: this.podResources.list(),
      pciDevices: this.sources.pciDevices.list(),
    });
    if (isDeepStrictEqual(holders, this.holders)) return;
    this.holders = holders;
    for (const listener of [...this.listeners]) listener();
  }

  private watchFailed(plural: string): (error: unknown) => void {
    return (error) => {
      this.parts.metrics.watchRestarted(plural);
      this.parts.log.warn({ err: error }, `watch of ${plural}: ${messageOf(error)}`);
    };
  }
}

/** A node has a hundred pods and more, of some ten kilobytes each. */
function keepOfPod({ metadata, status }: Pod): Pod {
  const labels = pick(metadata.labels, [KubeVirtLabel.component, KubeVirtLabel.machineName]);
  const annotations = pick(metadata.annotations, [NETWORK_STATUS, KubeVirtAnnotation.domain]);
  const { phase } = status ?? {};
  return {
    metadata: { ...identityOf(metadata), labels, annotations },
    ...(phase !== undefined && { status: { phase } }),
  };
}

function keepOfMachine({ metadata, spec, status }: VirtualMachineInstance): VirtualMachineInstance {
  const { hostDevices = [] } = spec?.domain?.devices ?? {};
  const { phase, nodeName } = status ?? {};
  return {
    metadata: identityOf(metadata),
    spec: { domain: { devices: { hostDevices } } },
    status: { ...(phase !== undefined && { phase }), ...(nodeName !== undefined && { nodeName }) },
  };
}

function identityOf({ name, namespace, uid, resourceVersion }: ObjectMeta): ObjectMeta {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

function pick(from: Readonly<Record<string, string>> | undefined, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(from ?? {}).filter(([key]) => keys.includes(key)));
}

/** A pod's status changes often, and mostly in what is not kept. */
function isSameUse(one: KubeObject, other: KubeObject): boolean {
  const withoutVersion = ({ metadata, ...rest }: KubeObject): unknown => ({
    ...rest,
    metadata: { ...metadata, resourceVersion: undefined },
  });
  return isDeepStrictEqual(withoutVersion(one), withoutVersion(other));
}

function networkStatusOf(pod: Pod | undefined): string | undefined {
  return pod?.metadata.annotations?.[NETWORK_STATUS];
}
