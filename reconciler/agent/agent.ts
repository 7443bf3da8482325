import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { NODE, type Node } from "../../api/core.js";
import { Label, labelValue } from "../../api/names.js";
import type { OwnerReference, KubeObject, ResourceType } from "../../api/object.js";
import { PCI_DEVICE, type PciDevice } from "../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import type { KubeClient, Selector } from "../../kube/client.js";
import { messageOf } from "../../kube/errors.js";
import { Informer, type InformerOptions } from "../../kube/informer.js";
import { OptionalInformer } from "../../kube/optional-informer.js";
import { ServedKinds } from "../../kube/served-kinds.js";
import { waitFor } from "../../kube/wait.js";
import type { Kernel, PciAddress } from "../kernel/kernel.js";
import { isPciAddress } from "../kernel/kernel.js";
import { DeviceLoop, type DeviceLoopOptions } from "./change/device-loop.js";
import { DeviceObjects } from "./discovery/device-objects.js";
import { type Discovery, discover } from "./discovery/discover.js";
import { labelNode } from "./discovery/node-labels.js";
import { PciInventory, type PciInventoryOptions } from "./pci/pci-inventory.js";
import { keptOfPciDevice } from "./pci/wanted-pci-device.js";
import type { EventRecorder } from "./service/events.js";
import type { AgentMetrics } from "./service/metrics.js";
import type { VfUsers } from "./usage/vf-users.js";

export interface AgentOptions extends DeviceLoopOptions, PciInventoryOptions {
  readonly nodeName: string;
  readonly scanIntervalMs: number;
  /** Bridges and bonds whose members are never touched. */
  readonly managementInterfaces: readonly string[];
}

/** What the agent works with; each is somebody else's to open and close. */
export interface AgentParts {
  readonly client: KubeClient;
  readonly kernel: Kernel;
  readonly log: Logger;
  readonly users: VfUsers;
  readonly events: EventRecorder;
  readonly metrics: AgentMetrics;
}

/** How long the node's labels wait for the first report of every NIC. */
const LABEL_WAIT_MS = 5_000;
/** How long the end waits for changes that are under way; a kubelet kills after 30 s. */
const STOP_WAIT_MS = 10_000;

/**
 * One node's agent: finds the node's SR-IOV NICs, keeps an object for each, and gives each the VFs that its object asks
 * for as soon as it is asked. The periodic scan only finds what no event told.
 */
export class Agent {
  private readonly node: Informer<Node>;
  private readonly devices: Informer<SriovNetworkDevice>;
  private readonly pciDevices: Informer<PciDevice>;
  private readonly served: ServedKinds;
  /** All claims of the cluster: whose node one is for, only its spec says. */
  private readonly claims: OptionalInformer<PciDeviceClaim>;
  private readonly loops = new Map<PciAddress, DeviceLoop>();
  private readonly stopping = new AbortController();
  private objects: DeviceObjects | undefined;
  private inventory: PciInventory | undefined;
  private timer: NodeJS.Timeout | undefined;
  private scanning: Promise<void> | undefined;
  private scanAgain = false;
  /** NICs that the last scan left out, with the reason. */
  private skipped: ReadonlyMap<PciAddress, string> = new Map();
  /** Undefined before the first scan. */
  private capable: boolean | undefined;

  private readonly client: KubeClient;
  private readonly kernel: Kernel;
  private readonly log: Logger;
  private readonly users: VfUsers;

  constructor(
    private readonly parts: AgentParts,
    private readonly options: AgentOptions,
  ) {
    ({ client: this.client, kernel: this.kernel, log: this.log, users: this.users } = parts);
    const ofThisNode: Selector = { labels: { [Label.nodeName]: labelValue(options.nodeName) } };
    this.node = this.informer(NODE, { fields: { "metadata.name": options.nodeName } });
    this.devices = this.informer(SRIOV_NETWORK_DEVICE, ofThisNode);
    this.pciDevices = this.informer(PCI_DEVICE, { ...ofThisNode, keep: keptOfPciDevice });
    const onError = (error: unknown): void =>
      this.log.warn({ err: error }, `which kinds the cluster has is not known: ${messageOf(error)}`);
    this.served = new ServedKinds(this.client, { onError });
    this.claims = new OptionalInformer(this.client, PCI_DEVICE_CLAIM, this.served, this.watching(PCI_DEVICE_CLAIM));
  }

  /** Resolves after the first scan, once every NIC has its object. */
  async start(): Promise<void> {
    this.served.start();
    const informers = [this.node, this.devices, this.pciDevices, this.claims];
    await Promise.all(informers.map((informer) => informer.start().synced));
    await this.nodeExists();
    const owner = (): OwnerReference | undefined => this.nodeReference();
    this.objects = new DeviceObjects(this.client, this.devices, this.options.nodeName, owner);
    this.inventory = this.openInventory(this.objects, owner);
    this.devices.onChange((change) => {
      if (change.kind === "gone") void this.replaceLost(change.object);
      else if (isPciAddress(change.object.spec.address))
        this.loops.get(change.object.spec.address)?.hear(change.object);
    });
    this.pciDevices.onChange((change) => {
      if (change.kind === "gone") this.lookAfter(change.object);
    });
    this.claims.onChange((change) => {
      const claimed = this.pciDevices.get(change.object.metadata.name);
      if (change.kind === "gone" && claimed !== undefined) this.lookAfter(claimed);
    });
    this.node.onChange((change) => {
      const remade = change.kind === "set" && change.previous?.metadata.uid !== change.object.metadata.uid;
      if (remade) void this.scan();
      // They come back when somebody removes them.
      else void this.guarded("node labels", () => this.labelWhenReported());
    });
    this.users.onChange(() => {
      for (const loop of this.loops.values()) loop.wake();
    });
    this.timer = setInterval(() => void this.scan(), this.options.scanIntervalMs);
    await this.scan();
  }

  /** Looks at the hardware, and at which kinds the cluster has, now: what a person may ask for. */
  async look(): Promise<void> {
    await Promise.all([this.scan(), this.served.look()]);
  }

  /** Looks at the hardware now. A scan that is under way is followed by another. */
  scan(): Promise<void> {
    this.scanAgain = true;
    this.scanning ??= this.scans().finally(() => (this.scanning = undefined));
    return this.scanning;
  }

  /** Ends watches at once, and changes once the kernel has answered, or does not answer. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearInterval(this.timer);
    await this.scanning;
    const loops = [...this.loops.values()].map((loop) => loop.stop());
    const idle = Promise.all([...loops, this.inventory?.ofNode.idle()]);
    // What hangs in the kernel stays there, whoever waits for it; its writer ends by itself.
    await Promise.race([idle, delay(STOP_WAIT_MS, undefined, { ref: false })]);
    const sources = [this.node, this.devices, this.pciDevices, this.claims, this.served];
    await Promise.all(sources.map((source) => source.stop()));
  }

  private async scans(): Promise<void> {
    while (this.scanAgain && !this.stopping.signal.aborted) {
      this.scanAgain = false;
      try {
        await this.scanOnce();
      } catch (error) {
        this.log.error({ err: error }, `scan failed: ${messageOf(error)}`);
      }
    }
  }

  private async scanOnce(): Promise<void> {
    const { objects } = this;
    if (objects === undefined) return;
    const began = performance.now();
    await this.users.refresh();
    const snapshot = await this.kernel.scan();
    for (const { address, error } of snapshot.unreadable) this.log.warn({ address, err: error }, "device not readable");
    const discovery = discover(snapshot, this.options.managementInterfaces);
    this.noteSkipped(discovery);
    await Promise.all(discovery.devices.map((device) => this.guarded(device.address, () => objects.ensure(device))));
    for (const object of objects.list()) this.loopFor(object)?.wake();
    this.lookAtNode();
    this.parts.metrics.scanEnded((performance.now() - began) / 1_000);
    this.parts.metrics.hardware({
      devices: discovery.devices.length,
      virtualFunctions: discovery.devices.reduce((sum, device) => sum + device.physicalFunction.numVfs, 0),
      leftOut: discovery.skipped.length,
    });
    // A NIC that cannot be read right now is still there.
    const unsure = snapshot.unreadable.length > 0 && this.capable === true;
    this.capable = discovery.devices.length > 0 || unsure;
    // Not awaited: one NIC that takes minutes must not hold up the next scan.
    void this.guarded("node labels", () => this.labelWhenReported());
  }

  /** The labels say that this node's agent has reported, so they come last. */
  private async labelWhenReported(): Promise<void> {
    const reported = Promise.all([...this.loops.values()].map((loop) => loop.idle()));
    // A NIC that hangs must not make its node look as if it had no agent.
    await Promise.race([reported, delay(LABEL_WAIT_MS, undefined, { ref: false })]);
    await this.label();
  }

  private async label(): Promise<void> {
    const node = this.node.get(this.options.nodeName);
    if (node && this.capable !== undefined) this.node.observe(await labelNode(this.client, node, this.capable));
  }

  /** One thing that cannot be done must not keep the others from it. */
  private async guarded(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.log.error({ err: error }, `${what}: ${messageOf(error)}`);
    }
  }

  /** Under its old name where it still exists: the NIC may have been renamed since, and must not get a second object. */
  private async replaceLost(object: SriovNetworkDevice): Promise<void> {
    await this.guarded(object.metadata.name, async () => this.objects?.bringBack(object));
    await this.scan();
  }

  private loopFor(object: SriovNetworkDevice): DeviceLoop | undefined {
    const { address } = object.spec;
    const { objects, inventory } = this;
    if (!isPciAddress(address) || objects === undefined || inventory === undefined) return undefined;
    const existing = this.loops.get(address);
    if (existing !== undefined) return existing;
    const loop = new DeviceLoop(address, {
      client: this.client,
      kernel: this.kernel,
      users: this.users,
      events: this.parts.events,
      metrics: this.parts.metrics,
      pciDevices: inventory.ofNics,
      log: this.log.child({ address, device: object.metadata.name }),
      current: () => objects.of(address),
      skipReason: () => this.skipped.get(address),
      observe: (device) => this.devices.observe(device),
      options: this.options,
    });
    this.loops.set(address, loop);
    return loop;
  }

  private openInventory(objects: DeviceObjects, owner: () => OwnerReference | undefined): PciInventory {
    const { client, kernel, log, options, pciDevices: informer } = this;
    const isClaimed = (name: string): boolean => this.claims.get(name) !== undefined;
    const devices = (): SriovNetworkDevice[] => objects.list();
    const { nodeName } = options;
    return new PciInventory({ client, informer, owner, isClaimed, nodeName, kernel, devices, log, options });
  }

  /** Whoever looks after this PCIDevice shall do so now. */
  private lookAfter(object: PciDevice): void {
    const parent = object.metadata.labels?.[Label.parentDevice];
    const device = this.objects?.list().find((candidate) => labelValue(candidate.metadata.name) === parent);
    if (device) this.loopFor(device)?.wake();
    else this.lookAtNode();
  }

  /** Not waited for: hundreds of PCIDevices must not hold up the NICs. */
  private lookAtNode(): void {
    void this.guarded("PCIDevices of the node", async () => this.inventory?.ofNode.sync());
  }

  /** As it is now: a Node that was deleted and made anew is another owner. */
  private nodeReference(): OwnerReference | undefined {
    const { nodeName: name } = this.options;
    const uid = this.node.get(name)?.metadata.uid;
    return uid === undefined ? undefined : { apiVersion: NODE.apiVersion, kind: NODE.kind, name, uid };
  }

  private async nodeExists(): Promise<void> {
    await waitFor(
      this.node,
      () =>
        this.nodeReference() === undefined
          ? { state: "pending", what: `no Node ${this.options.nodeName} yet` }
          : { state: "satisfied", result: undefined },
      {
        deadline: Number.POSITIVE_INFINITY,
        signal: this.stopping.signal,
        onPending: (what) => this.log.warn(`${what}; waiting for it`),
      },
    );
  }

  private informer<T extends KubeObject>(type: ResourceType<T>, options: InformerOptions<T>): Informer<T> {
    return new Informer(this.client, type, { ...options, ...this.watching(type) });
  }

  private watching({ plural }: { readonly plural: string }): { readonly onError: (error: unknown) => void } {
    return {
      onError: (error) => {
        this.parts.metrics.watchRestarted(plural);
        this.log.warn({ err: error }, `watch of ${plural}: ${messageOf(error)}`);
      },
    };
  }

  private noteSkipped({ skipped }: Discovery): void {
    for (const nic of skipped) {
      if (this.skipped.get(nic.address) !== nic.reason) this.log.info(nic, `NIC not offered: ${nic.reason}`);
    }
    this.skipped = new Map(skipped.map(({ address, reason }) => [address, reason]));
  }
}
