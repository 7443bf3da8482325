import { setImmediate } from "node:timers/promises";
import { pino } from "pino";
import type { KubeObject } from "../../../../api/object.js";
import type { SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import { readyCondition } from "../../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../../kube/client.js";
import { ApiError } from "../../../../kube/errors.js";
import { SimulatedNode } from "../../../../lab/nodes/simulated/node.js";
import type { ClaimedVfs } from "../../../../reconciler/agent/change/vf-groups.js";
import { DeviceLoop } from "../../../../reconciler/agent/change/device-loop.js";
import type { Eligibility } from "../../../../reconciler/agent/change/report.js";
import { interfaceUsers } from "../../../../reconciler/agent/usage/interface-users.js";
import type { VfUsers } from "../../../../reconciler/agent/usage/vf-users.js";
import { Turns } from "../../../../reconciler/agent/turns.js";
import { noMetrics } from "../../../../reconciler/agent/service/metrics.js";
import { type Kernel, parsePciAddress, type PciAddress } from "../../../../reconciler/kernel/kernel.js";
import { deviceObject } from "../nic.js";

export const NIC = parsePciAddress("0000:04:00.0");

type Settings = Pick<SriovNetworkDevice["spec"], "mtu" | "vfGroups">;

/** A loop on simulated hardware in this process, with its object at an API server that only keeps it. */
export class LoopBench {
  readonly hardware = new SimulatedNode({
    nics: [{ address: NIC, interfaces: [{ name: "eno49" }], totalVfs: 8 }],
  });
  device: SriovNetworkDevice;
  /** `Warning Drift: …`, in order. */
  readonly events: string[] = [];
  /** The reason of Ready of each status write, `PCIDevices N` of each change of their number, `withdrawn`. */
  readonly writes: string[] = [];
  /** What changes were counted under; `untried` those that the kernel was not asked for. */
  readonly results: string[] = [];
  /** What is called in the kernel: `setNumVfs 4`, … */
  readonly calls: string[] = [];
  /** Who holds a VF, beside what the kernel shows. */
  readonly held = new Map<PciAddress, string>();
  /** Why PCIDevices cannot be written. */
  listingFails: Error | undefined;
  /** Who does not answer though he would know of users. */
  silent: string | undefined;
  /** Called when the loop asks anew who holds VFs. */
  onRefresh: () => void = () => undefined;
  meantForVfio: ClaimedVfs = new Map();
  eligibility: Eligibility = { eligible: true, reason: "Eligible", message: "" };
  /** Somebody else writes the object in the moment in which an annotation is to be taken away. */
  keepsAnnotations = false;
  /** Answers in place of the kernel, where it throws. */
  before: (call: string) => void | Promise<void> = () => undefined;
  loop: DeviceLoop;
  private pciDevices = 0;

  constructor(numVFS: number) {
    this.device = { ...deviceObject({ numVFS, generation: 2, countOwner: "person" }), status: { countManaged: true } };
    this.loop = this.newLoop();
  }

  /** Resolves when the pass that this wakes it for has ended. */
  async pass(): Promise<void> {
    this.loop.wake();
    await this.loop.idle();
  }

  /** The agent's process ends and is started again. */
  async restart(): Promise<void> {
    await this.loop.stop();
    this.loop = this.newLoop();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** A NIC whose object nobody has written. */
  static unmanaged(): LoopBench {
    const bench = new LoopBench(0);
    bench.device = deviceObject({ numVFS: 0 });
    return bench;
  }

  declare(numVFS: number, more: Settings = {}): void {
    this.edit({ numVFS, ...more });
  }

  /** Leaves the rest of the spec as it is. */
  edit(changes: Settings & { readonly numVFS?: number }): void {
    const { metadata, spec } = this.device;
    this.device = {
      ...this.device,
      metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
      spec: { ...spec, ...changes },
    };
  }

  /** Somebody becomes the count's owner. */
  claimCount(): void {
    this.device = { ...this.device, metadata: { ...this.device.metadata, managedFields: OWNED } };
  }

  /** Nobody owns the count any more, and the API server puts its default there. */
  releaseCount(): void {
    this.edit({ numVFS: 0 });
    this.device = { ...this.device, metadata: { ...this.device.metadata, managedFields: [] } };
  }

  annotate(annotations: Readonly<Record<string, string>>): void {
    this.device = { ...this.device, metadata: { ...this.device.metadata, annotations } };
  }

  get ready(): { reason: string; message: string } {
    const { reason, message } = readyCondition(this.device) ?? { reason: "", message: "" };
    return { reason, message };
  }

  get vfs() {
    return this.hardware.hardwareState().snapshot.physicalFunctions[0]?.virtualFunctions ?? [];
  }

  private newLoop(): DeviceLoop {
    return new DeviceLoop(NIC, {
      kernel: this.kernel(),
      client: { merge: ((_type, _name, patch) => Promise.resolve(this.merge(patch))) as KubeClient["merge"] },
      users: this.users(),
      events: {
        record: (_type, _about: KubeObject, { type, reason, message }) =>
          void this.events.push(`${type} ${reason}: ${message}`),
      },
      metrics: {
        ...noMetrics,
        changeEnded: (result) => void this.results.push(result),
        changeRefused: (result) => void this.results.push(`${result} untried`),
      },
      pciDevices: {
        sync: (_parent, vfs) => {
          if (this.listingFails !== undefined) return Promise.reject(this.listingFails);
          if (vfs.length !== this.pciDevices) this.writes.push(`PCIDevices ${vfs.length}`);
          this.pciDevices = vfs.length;
          return Promise.resolve();
        },
      },
      log: pino({ enabled: false }),
      current: () => this.device,
      turns: new Turns(),
      eligibility: () => this.eligibility,
      meantForVfio: () => this.meantForVfio,
      observe: (device) => {
        this.device = device;
        this.loop.hear(device);
      },
      options: { writeDeadlineMs: 1_000, settleDeadlineMs: 1_000 },
    });
  }

  private users(): Pick<VfUsers, "of" | "refresh" | "silent"> {
    return {
      of: (nic) => {
        const vfs = nic.virtualFunctions.map((vf) => vf.address);
        const held = [...this.held].filter(([address]) => vfs.includes(address));
        return new Map([...interfaceUsers(nic), ...held]);
      },
      silent: () => this.silent,
      refresh: async () => {
        await setImmediate();
        this.onRefresh();
      },
    };
  }

  private kernel(): Kernel {
    const { hardware } = this;
    const call = async (name: string, run: () => unknown): Promise<void> => {
      this.calls.push(name);
      await this.before(name);
      await run();
    };
    return {
      scan: () => Promise.resolve(hardware.scan()),
      physicalFunction: async (address) => {
        await this.before("physicalFunction");
        return hardware.physicalFunction(address);
      },
      setNumVfs: (address, count) => call(`setNumVfs ${count}`, () => hardware.setNumVfs(address, count)),
      setDriversAutoprobe: (address, on) =>
        call(`setDriversAutoprobe ${on}`, () => hardware.setDriversAutoprobe(address, on)),
      bindDriver: (address, driver, options) =>
        call(`bindDriver ${address} ${driver ?? "any"}`, () => hardware.bindDriver(address, driver, options)),
      setInterfaceUp: (address, name) => call(`setInterfaceUp ${name}`, () => hardware.setInterfaceUp(address, name)),
      setMtu: (address, name, mtu) => call(`setMtu ${name} ${mtu}`, () => hardware.setMtu(address, name, mtu)),
      pciFunctions: () => Promise.resolve(hardware.pciFunctions()),
      pciFunction: (address) => Promise.resolve(hardware.pciFunction(address)),
      hasVfioGroup: () => Promise.resolve(true),
      loadDriver: (driver) => call(`loadDriver ${driver}`, () => hardware.loadDriver(driver)),
    };
  }

  private merge(patch: Readonly<Record<string, unknown>>): SriovNetworkDevice {
    if (patch["status"] === undefined) {
      if (this.keepsAnnotations) throw new ApiError("the object has been modified", 409, {});
      this.writes.push("withdrawn");
      return { ...this.device, metadata: { ...this.device.metadata, annotations: {} } };
    }
    const status = { ...this.device.status, ...(patch["status"] as SriovNetworkDevice["status"]) };
    const device = { ...this.device, status };
    this.writes.push(readyCondition(device)?.reason ?? "");
    return device;
  }
}

const OWNED = deviceObject({ countOwner: "person" }).metadata.managedFields ?? [];
