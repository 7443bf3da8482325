import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import type { KubeClient } from "../../kube/client.js";
import type { Kernel, PciAddress } from "../kernel/kernel.js";
import type { Advertiser } from "./advertise/advertiser.js";
import { DeviceLoop, type DeviceLoopOptions } from "./change/device-loop.js";
import { meantForVfio } from "./change/meant-for-vfio.js";
import { Claims } from "./claims/claims.js";
import { DeviceLoops } from "./device-loops.js";
import { DeviceObjects } from "./discovery/device-objects.js";
import { discover, type DiscoveredDevice } from "./discovery/discover.js";
import { eligibilityOf, type NodeNeeds, type NodeNetwork } from "./discovery/eligibility.js";
import { Inventory } from "./discovery/inventory.js";
import { inWords } from "../service/missing-kind.js";
import { reportOnNode } from "./discovery/node-report.js";
import { OwnNode } from "./discovery/own-node.js";
import { Scans } from "./discovery/scans.js";
import { VlanUplinks } from "./discovery/vlan-uplinks.js";
import { PciObjects, type PciOptions } from "./pci/pci-objects.js";
import type { EventRecorder } from "../service/events.js";
import type { AgentMetrics } from "./service/metrics.js";
import type { VfUsers } from "./usage/vf-users.js";
import { Turns } from "./turns.js";
import { Watches } from "./watches.js";

export interface AgentOptions extends DeviceLoopOptions, PciOptions {
  readonly nodeName: string;
  readonly scanIntervalMs: number;
  /** Bridges and bonds whose members are never touched. */
  readonly managementInterfaces: readonly string[];
  /** Fail where something is missing, such as the Node, instead of waiting for it. Default false. */
  readonly failFast?: boolean;
}

/** What the agent works with; each is somebody else's to open and close. */
export interface AgentParts {
  readonly client: KubeClient;
  readonly kernel: Kernel;
  readonly log: Logger;
  readonly users: VfUsers;
  readonly events: EventRecorder;
  readonly metrics: AgentMetrics;
  /** Absent: nothing is offered to pods. */
  readonly advertiser?: Advertiser | undefined;
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
  private readonly watches: Watches;
  private readonly node: OwnNode;
  private readonly vlanUplinks: VlanUplinks;
  private readonly objects: DeviceObjects;
  private readonly pciObjects: PciObjects;
  private readonly inventory: Inventory;
  private readonly loops: DeviceLoops;
  private readonly claims: Claims;
  private readonly turns = new Turns<PciAddress>();
  private readonly scans: Scans;
  /** As the last scan found it; loops begin after the first one. */
  private network: NodeNetwork = { defaultRouteInterfaces: [], interfaceAddresses: {} };
  /** Why the hardware is not known, or not all was done about it: the last scan failed, or there was none yet. */
  private scanProblem: string | undefined = "the hardware has not been looked at yet";
  private readonly stopping = new AbortController();
  /** All is known that a change depends on, above all who uses VFs. Nothing is looked at before, whoever asks. */
  private begun = false;

  constructor(
    private readonly parts: AgentParts,
    private readonly options: AgentOptions,
  ) {
    const { client, log, events } = parts;
    const { nodeName } = options;
    this.watches = new Watches(parts, nodeName, options.failFast);
    const { nodes, devices, vlanConfigs } = this.watches;
    this.node = new OwnNode(nodes, nodeName);
    this.vlanUplinks = new VlanUplinks(vlanConfigs, nodes, log);
    const owner = () => this.node.reference();
    this.objects = new DeviceObjects(client, devices, nodeName, owner);
    const listed = () => this.objects.list();
    this.pciObjects = new PciObjects(
      { ...parts, watches: this.watches, owner, turns: this.turns, devices: listed },
      options,
    );
    this.inventory = new Inventory(log, events);
    const passed = (): void => this.parts.advertiser?.changed();
    this.loops = new DeviceLoops((address, object) => this.openLoop(address, object), passed);
    this.claims = this.openClaims(listed, passed);
    this.scans = new Scans(() => this.checkedScan(), options.scanIntervalMs);
  }

  /** Resolves after the first scan, once every NIC has its object. */
  async start(): Promise<void> {
    await Promise.all([this.watches.start(), this.parts.users.start(this.watches)]);
    const { failFast = false, nodeName } = this.options;
    if (failFast && this.node.get() === undefined) throw new Error(`there is no Node ${nodeName}; check --node-name`);
    await this.node.exists(this.stopping.signal, (what) => this.parts.log.warn(`${what}; waiting for it`));
    this.begun = true;
    this.listen();
    await this.scan();
    void this.advertise();
  }

  /** What keeps it from its work, in words; nothing where it works. */
  waitsFor(): readonly string[] {
    const unknown = [...this.watches.unknown(), ...this.parts.users.unknown()];
    if (unknown.length > 0) return unknown.map((plural) => `the cluster's ${plural} could not be read yet`);
    if (this.node.get() === undefined) return [`there is no Node ${this.options.nodeName}`];
    return this.scanProblem === undefined ? [] : [this.scanProblem];
  }

  /** Resolves with the node's objects once every NIC has had its pass, which may have failed, and the Node its report. */
  async passed(): Promise<readonly SriovNetworkDevice[]> {
    await this.loops.idle();
    await this.claims.idle();
    await this.reportWhenSettled();
    return this.objects.list();
  }

  /** Looks at the hardware, and at which kinds the cluster has, now: what a person may ask for. */
  async look(): Promise<void> {
    await Promise.all([this.scan(), this.watches.look()]);
  }

  /** Looks at the hardware now; before the first scan, which comes by itself, not. One under way is followed by another. */
  async scan(): Promise<void> {
    if (this.begun) await this.scans.now();
  }

  /** Ends watches at once, and changes once the kernel has answered, or does not answer. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.scans.stop();
    // What hangs in the kernel, or in a kubelet, stays there, whoever waits for it; its writer ends by itself.
    const offered = Promise.resolve(this.parts.advertiser?.stop());
    const idle = Promise.all([offered, this.loops.stop(), this.claims.stop(), this.pciObjects.idle()]);
    await Promise.race([idle, delay(STOP_WAIT_MS, undefined, { ref: false })]);
    await Promise.all([this.watches.stop(), this.parts.users.stop()]);
  }

  /** Not before the objects speak of the hardware as it is. A NIC that hangs keeps no other from pods. */
  private async advertise(): Promise<void> {
    const settled = Promise.all([this.loops.idle(), this.claims.idle(), this.pciObjects.idle()]);
    await Promise.race([settled, delay(LABEL_WAIT_MS, undefined, { ref: false })]);
    if (this.stopping.signal.aborted) return;
    const { devices, claims, pciDevices } = this.watches;
    const passed = (): SriovNetworkDevice[] => devices.list().filter((nic) => this.loops.hasPassed(nic));
    const listed = { list: passed, onChange: devices.onChange.bind(devices) };
    const given = () => this.pciObjects.given.list();
    const looked = { list: () => this.claims.looked(), onChange: claims.onChange.bind(claims) };
    this.parts.advertiser?.start({ devices: listed, claims: looked, pciDevices, given });
  }

  private listen(): void {
    this.watches.devices.onChange((change) => {
      if (change.kind === "gone") void this.replaceLost(change.object);
      else this.loops.hear(change.object);
      this.claims.wakeNic(change.object.spec.address);
    });
    this.pciObjects.onLoss((parent) => this.lookAt(parent));
    this.node.onChange((remade) => {
      if (remade) void this.scan();
      // What it said comes back when somebody removes it.
      else void this.reportWhenSettled();
    });
    this.vlanUplinks.onChange(() => void this.scan());
    this.parts.users.onChange(() => {
      this.loops.wakeAll();
      this.claims.wake();
    });
  }

  private async checkedScan(): Promise<boolean> {
    const done = await this.guarded("scan failed", () => this.scanOnce());
    this.scanProblem = done ? undefined : "the last look at the hardware left something undone, as the log says";
    return done;
  }

  /** Whether all was done that was to be done. */
  private async scanOnce(): Promise<boolean> {
    const { kernel, users, metrics } = this.parts;
    const began = performance.now();
    await users.refresh();
    const snapshot = await kernel.scan();
    this.network = snapshot;
    const given = await this.pciObjects.given.look(snapshot, this.needs());
    this.parts.advertiser?.changed();
    const discovery = discover(snapshot, this.needs(), given);
    const { devices, skipped } = discovery;
    this.inventory.take(discovery, this.node.get());
    const done = await Promise.all([
      ...devices.map((nic) => this.keepObject(nic, () => this.objects.ensure(nic))),
      // A NIC that is not offered any more keeps the object it has.
      ...skipped.map((nic) => this.keepObject(nic, () => this.objects.refresh(nic))),
    ]);
    for (const object of this.objects.list()) this.loops.wake(object);
    this.lookAtNode();
    // After the NICs, whose VFs a restart of the node has taken away.
    this.claims.begin();
    metrics.scanEnded((performance.now() - began) / 1_000);
    metrics.hardware({
      devices: devices.length,
      virtualFunctions: devices.reduce((sum, device) => sum + device.physicalFunction.numVfs, 0),
      leftOut: skipped.length,
    });
    // Not awaited: one NIC that takes minutes must not hold up the next scan.
    void this.reportWhenSettled();
    return done.every((it) => it);
  }

  private needs(): NodeNeeds {
    const { managementInterfaces } = this.options;
    const apiServerConnection = this.parts.client.localAddress();
    return { managementInterfaces, apiServerConnection, vlanUplinks: this.vlanUplinks.current() };
  }

  /** One NIC whose object cannot be kept must not keep the others from theirs. */
  private keepObject({ address, interfaceName }: DiscoveredDevice, work: () => Promise<void>): Promise<boolean> {
    return this.guarded(`object of NIC ${address} (${interfaceName})`, async () => {
      await work();
      return true;
    });
  }

  /** The Node's labels say that its agent has reported, so they come last. */
  private async reportWhenSettled(): Promise<void> {
    // A NIC that hangs must not make its node look as if it had no agent.
    await Promise.race([this.loops.idle(), delay(LABEL_WAIT_MS, undefined, { ref: false })]);
    await this.guarded("report on the Node", async () => {
      const node = this.node.get();
      const report = this.inventory.report();
      if (node && report) this.watches.nodes.observe(await reportOnNode(this.parts.client, node, report));
      return true;
    });
  }

  /** Under its old name where it still exists: the NIC may have been renamed since, and must not get a second object. */
  private async replaceLost(object: SriovNetworkDevice): Promise<void> {
    await this.guarded(object.metadata.name, async () => {
      await this.objects.bringBack(object);
      return true;
    });
    await this.scan();
  }

  private openLoop(address: PciAddress, { metadata: { name: device } }: SriovNetworkDevice): DeviceLoop {
    const { client, kernel, users, events, metrics, log } = this.parts;
    return new DeviceLoop(address, {
      client,
      kernel,
      users,
      events,
      metrics,
      pciDevices: this.pciObjects.ofNics,
      log: log.child({ address, device }),
      current: () => this.objects.of(address),
      turns: this.turns,
      eligibility: (nic) => this.claims.eligibilityOf(address) ?? eligibilityOf(nic, this.network, this.needs()),
      meantForVfio: (parent) => meantForVfio(parent, this.watches.pciDevices.list(), this.watches.claims.list()),
      observe: (object) => this.watches.devices.observe(object),
      options: this.options,
    });
  }

  private openClaims(nics: () => readonly SriovNetworkDevice[], onFirstPass: () => void): Claims {
    const { watches, turns, pciObjects } = this;
    return new Claims(
      {
        ...{ ...this.parts, watches, turns, nics, onFirstPass },
        lookAt: (nic) => this.lookAt(nic),
        tellDriver: (object, driver) => pciObjects.tellDriver(object, driver),
        whyNeeded: (found) => {
          const { eligible, message } = eligibilityOf(found, this.network, this.needs());
          return eligible ? undefined : message;
        },
      },
      this.options,
    );
  }

  private lookAt(nic: SriovNetworkDevice | undefined): void {
    if (nic) this.loops.wake(nic);
    else this.lookAtNode();
  }

  /** Not waited for: hundreds of PCIDevices must not hold up the NICs. */
  private lookAtNode(): void {
    void this.guarded("PCIDevices of the node", async () => {
      await this.pciObjects.syncNode();
      return true;
    });
  }

  /** Work that fails is told, and not thrown: false. */
  private async guarded(what: string, work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      this.parts.log.error({ err: error }, `${what}: ${inWords(error, SRIOV_NETWORK_DEVICE)}`);
      return false;
    }
  }
}
