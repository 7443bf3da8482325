import type { Logger } from "pino";
import type { PciDevice } from "../../../api/pci-device.js";
import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { messageOf } from "../../../kube/errors.js";
import type { Informer } from "../../../kube/informer.js";
import type { OptionalInformer } from "../../../kube/optional-informer.js";
import type { Kernel } from "../../kernel/kernel.js";
import type { Allocation } from "../kubelet/list-allocations.js";
import type { ListedDevice } from "../kubelet/device-plugin-api.js";
import type { AdvertiserMetrics } from "../service/metrics.js";
import type { VfUsers } from "../usage/vf-users.js";
import { AdvertisedResource } from "./advertised-resource.js";
import { Answers } from "./answers.js";
import { DeviceInfoFiles } from "./device-info.js";
import { KubeletFolder } from "./kubelet-folder.js";
import { NumaNodes } from "./numa-nodes.js";
import { type GivenVf, noPools, type PoolDevice, pools, type Pools } from "./pools.js";
import { removeLeftOvers } from "./sockets.js";

export interface AdvertiserOptions {
  readonly nodeName: string;
  /** The kubelet's folder for device plugins; there need be none. */
  readonly devicePlugins: string;
  /** Where Multus looks for what devices are. */
  readonly deviceInfo: string;
  /** What stands before the names of policies' pools. */
  readonly resourcePrefix: string;
}

export interface AdvertiserParts {
  readonly kernel: Pick<Kernel, "pciFunctions" | "hasVfioGroup">;
  readonly log: Logger;
  readonly metrics: AdvertiserMetrics;
  readonly users: Pick<VfUsers, "onChange"> & { allocations(): readonly Allocation[] };
}

/** What the agent watches for other reasons too. */
export interface AdvertiserSources {
  readonly devices: Pick<Informer<SriovNetworkDevice>, "list" | "onChange">;
  readonly claims: Pick<OptionalInformer<PciDeviceClaim>, "list" | "onChange">;
  readonly pciDevices: Pick<Informer<PciDevice>, "list" | "onChange">;
  /** VFs that this machine was given as a guest. */
  readonly given?: () => readonly GivenVf[];
}

/**
 * The node's device plugin: offers VFs and claimed functions to the kubelet, and follows every change of the objects that say
 * what is to be offered. Nothing is loaded, and nothing listens, where there is nothing to offer or no kubelet.
 */
export class Advertiser {
  private readonly folder: KubeletFolder;
  private readonly numa: NumaNodes;
  private readonly answers: Answers;
  private readonly files: DeviceInfoFiles;
  private readonly resources = new Map<string, AdvertisedResource>();
  private pools: Pools = noPools;
  private sources: AdvertiserSources | undefined;
  /** Sockets of another agent; known once there is a folder. */
  private othersAlive: readonly string[] | undefined;
  private updating: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  private told = "";

  constructor(
    private readonly parts: AdvertiserParts,
    private readonly options: AdvertiserOptions,
  ) {
    const { kernel, log, metrics } = parts;
    this.folder = new KubeletFolder(options.devicePlugins);
    this.numa = new NumaNodes(kernel);
    this.files = new DeviceInfoFiles(options.deviceInfo);
    this.answers = new Answers((resource) => this.pools.get(resource), { kernel, files: this.files, log, metrics });
  }

  /** Begins to offer. Status must speak of the hardware as it is now, not as it was before the node was restarted. */
  start(sources: AdvertiserSources): void {
    this.sources = sources;
    const changed = (): void => this.changed();
    for (const source of [sources.devices, sources.claims, sources.pciDevices]) source.onChange(changed);
    this.parts.users.onChange(changed);
    this.folder.onChange(() => {
      // One that comes late: what is to be offered is known already.
      if (this.othersAlive === undefined && this.folder.isThere) changed();
    });
    this.folder.start();
    changed();
  }

  /** Takes the node's resources from the kubelet until an agent is back; it keeps who has which device. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.folder.stop();
    await this.updating;
    await Promise.all([...this.resources.values()].map((resource) => resource.stop()));
  }

  /** Looks again at what is to be offered; changes that come together are looked at once. */
  changed(): void {
    this.again = true;
    this.updating ??= this.update();
  }

  private async update(): Promise<void> {
    while (this.again && !this.stopped) {
      await new Promise(setImmediate);
      this.again = false;
      await this.guardedPass();
    }
    // Not after this function has returned: a change in between would be forgotten.
    this.updating = undefined;
  }

  private async guardedPass(): Promise<void> {
    try {
      await this.pass();
      this.told = "";
    } catch (error) {
      const message = `what is offered to pods stays as it was: ${messageOf(error)}`;
      if (message !== this.told) this.parts.log.error({ err: error }, message);
      this.told = message;
    }
  }

  private async pass(): Promise<void> {
    if (!this.folder.isThere || this.sources === undefined) return;
    this.othersAlive ??= await removeLeftOvers(this.options.devicePlugins);
    const wanted = pools(this.snapshot(this.sources), this.pools);
    await this.numa.learn(new Set([...wanted.values()].flatMap((pool) => [...pool.keys()])));
    const before = this.pools;
    this.pools = wanted;
    this.tellChanges(before, wanted);
    for (const [name, pool] of wanted) await this.offer(name, pool);
    for (const [name, resource] of this.resources) {
      if (wanted.has(name)) continue;
      this.resources.delete(name);
      await resource.withdraw();
      await this.forget(name, new Set());
      this.parts.metrics.advertised(name, { healthy: 0, unhealthy: 0 });
    }
  }

  private snapshot({ devices, claims, pciDevices, given }: AdvertiserSources) {
    const { nodeName, resourcePrefix } = this.options;
    const allocations = this.parts.users.allocations();
    return {
      nodeName,
      resourcePrefix,
      nics: devices.list(),
      claims: claims.list(),
      pciDevices: pciDevices.list(),
      given: given?.() ?? [],
      allocated: new Map(allocations.flatMap(({ resource, ids }) => ids.map((id) => [id, resource] as const))),
    };
  }

  private async offer(name: string, pool: ReadonlyMap<string, PoolDevice>): Promise<void> {
    const listed = [...pool.values()].map((device) => this.listed(device));
    const resource = this.resources.get(name);
    if (resource) resource.list(listed);
    else {
      const { folder, answers, othersAlive = [] } = this;
      const parts = { folder, log: this.parts.log, answers: answers.of(name), othersAlive };
      this.resources.set(name, new AdvertisedResource(name, listed, parts));
    }
    await this.forget(name, new Set(pool.keys()));
    const healthy = listed.filter(({ health }) => health === "Healthy").length;
    this.parts.metrics.advertised(name, { healthy, unhealthy: listed.length - healthy });
  }

  private listed({ address, unhealthy, excludeTopology }: PoolDevice): ListedDevice {
    const numaNode = excludeTopology ? undefined : this.numa.of(address);
    return {
      id: address,
      health: unhealthy === undefined ? "Healthy" : "Unhealthy",
      ...(numaNode !== undefined && { topology: { nodes: [{ id: numaNode }] } }),
    };
  }

  /** What Multus is told of devices must not outlive them. That it does is no reason to offer less. */
  private async forget(name: string, kept: ReadonlySet<string>): Promise<void> {
    try {
      await this.files.keepOnly(name, kept);
    } catch (error) {
      this.parts.log.warn({ err: error }, `files of devices that are offered no more stay: ${messageOf(error)}`);
    }
  }

  private tellChanges(before: Pools, after: Pools): void {
    const previous = new Map([...before].flatMap(([name, pool]) => [...pool.keys()].map((it) => [it, name] as const)));
    for (const [name, pool] of after) {
      const withdrawn = new Map<string, string[]>();
      for (const { address, unhealthy } of pool.values()) {
        const was = previous.get(address);
        if (was !== undefined && was !== name) this.parts.log.info(`${address} is offered as ${name}, not ${was}`);
        if (unhealthy === undefined || before.get(name)?.get(address)?.unhealthy === unhealthy) continue;
        withdrawn.set(unhealthy, [...(withdrawn.get(unhealthy) ?? []), address]);
      }
      // All VFs of a NIC go together, so that there is a line for each reason.
      for (const [reason, addresses] of withdrawn) {
        this.parts.log.info(`${name} is given to no pod for now: ${addresses.join(", ")}: ${reason}`);
      }
    }
  }
}
