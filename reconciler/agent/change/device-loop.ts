import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { AGENT_FIELD_MANAGER } from "../../../api/names.js";
import {
  SRIOV_NETWORK_DEVICE,
  type SriovNetworkDevice,
  type SriovNetworkDeviceStatus,
} from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { isConflict, isNotFound, messageOf } from "../../../kube/errors.js";
import type { Kernel, PciAddress, PhysicalFunction } from "../../kernel/kernel.js";
import { carryOut, type Decision, decide, isManaged, type Outcome } from "./configure.js";
import type { EventRecorder } from "../service/events.js";
import type { AgentMetrics } from "../service/metrics.js";
import type { VfUsers } from "../usage/vf-users.js";
import type { PciDevices } from "../pci/pci-devices.js";
import { acknowledge, isReported, reportGone, reportStatus } from "./report.js";
import { waitUntilSettled } from "./settle.js";

export interface DeviceLoopOptions {
  readonly writeDeadlineMs: number;
  /** How long new VFs may take to get their drivers and names before they are reported without. */
  readonly settleDeadlineMs: number;
}

export interface DeviceLoopParts {
  readonly client: Pick<KubeClient, "merge">;
  readonly kernel: Kernel;
  readonly pciDevices: Pick<PciDevices, "sync">;
  readonly users: VfUsers;
  readonly events: EventRecorder;
  readonly metrics: AgentMetrics;
  readonly log: Logger;
  /** The object as it is known now; undefined when there is none. */
  readonly current: () => SriovNetworkDevice | undefined;
  /** Why the NIC must not be changed now, though it has an object. */
  readonly skipReason: () => string | undefined;
  /** Takes note of the object as a write of ours has left it. */
  readonly observe: (device: SriovNetworkDevice) => void;
  readonly options: DeviceLoopOptions;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/**
 * A change that is done within this time is acknowledged by its result: one write to the API server instead of two. What
 * takes longer is acknowledged meanwhile; nobody takes less than seconds for silence.
 */
const ACKNOWLEDGE_AFTER_MS = 20;
/** udev may rename interfaces after they were taken for settled. */
const LOOKS_AFTER_CHANGE_MS = [1_000, 4_000, 10_000];

/**
 * The reconcile loop of one NIC: one pass at a time, another when it was woken meanwhile, and after a failure one more
 * with growing pauses. NICs have loops of their own, so that one that hangs holds up no other.
 */
export class DeviceLoop {
  private running: Promise<void> | undefined;
  private woken = false;
  private failures = 0;
  private retry: NodeJS.Timeout | undefined;
  private stopped = false;
  private acknowledgement: NodeJS.Timeout | undefined;
  private acknowledging: Promise<void> = Promise.resolve();
  private looks: readonly number[] = [];
  private shortfall: Shortfall | undefined;
  private reported: Heard | undefined;
  private acknowledged = { uid: "", generation: 0 };

  constructor(
    readonly address: PciAddress,
    private readonly parts: DeviceLoopParts,
  ) {}

  /** The object has changed. Word of a status that this loop wrote itself is no reason for another pass. */
  hear(device: SriovNetworkDevice): void {
    if (!isDeepStrictEqual(this.reported, heard(device, device.status))) this.wake();
  }

  /** The object or the hardware may have changed. */
  wake(): void {
    this.woken = true;
    if (this.stopped) return;
    clearTimeout(this.retry);
    this.acknowledgeNewGeneration();
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  /** Resolves when nothing is left to do for now. */
  async idle(): Promise<void> {
    await this.running;
  }

  /** Ends after the pass that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.retry);
    clearTimeout(this.acknowledgement);
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.woken && !this.stopped) {
      this.woken = false;
      try {
        const outcome = await this.pass();
        if (outcome === undefined || outcome.kind === "configured" || outcome.kind === "unmanaged") this.lookAgain();
        else if (outcome.kind !== "tooMany" && outcome.kind !== "notEligible") this.retryLater();
      } catch (error) {
        this.parts.log.error({ err: error }, `pass failed: ${messageOf(error)}`);
        this.retryLater();
      }
    }
  }

  private retryLater(): void {
    this.wakeIn(Math.min(FIRST_RETRY_MS * 2 ** this.failures++, LAST_RETRY_MS));
  }

  private lookAgain(): void {
    this.failures = 0;
    const [next, ...later] = this.looks;
    this.looks = later;
    if (next !== undefined) this.wakeIn(next);
  }

  private wakeIn(ms: number): void {
    clearTimeout(this.retry);
    if (!this.stopped) this.retry = setTimeout(() => this.wake(), ms);
  }

  private async pass(): Promise<Outcome | undefined> {
    const { kernel, pciDevices, current } = this.parts;
    const device = current();
    if (device === undefined || device.metadata.deletionTimestamp !== undefined) return undefined;
    const nic = await kernel.physicalFunction(this.address);
    if (nic === undefined) {
      await pciDevices.sync(device, []);
      await this.write(device, reportGone(device, new Date()));
      return undefined;
    }
    const { outcome, found } = await this.configure(device, nic, decide(device, nic));
    if (found === undefined) return { kind: "kernelRefused", message: "the NIC vanished while it was configured" };
    await pciDevices.sync(device, found.virtualFunctions);
    await this.write(device, reportStatus(device, found, outcome, new Date()));
    return outcome;
  }

  private async configure(
    device: SriovNetworkDevice,
    nic: PhysicalFunction,
    decision: Decision,
  ): Promise<{ outcome: Outcome; found: PhysicalFunction | undefined }> {
    const { kernel, log, options } = this.parts;
    switch (decision.kind) {
      case "unmanaged":
        return { outcome: { kind: "unmanaged" }, found: nic };
      case "settled":
        return { outcome: { kind: "configured" }, found: nic };
      case "tooMany":
        return { outcome: decision, found: nic };
      case "change": {
        const { from, to, writes } = decision.plan;
        const reason = this.parts.skipReason();
        if (reason !== undefined) return { outcome: notEligible(reason, to), found: nic };
        if (this.isKnownShortfall(device, nic)) return { outcome: fewerThan(to, nic), found: nic };
        log.info({ from, to, writes, lost: decision.plan.destroyed.length }, "changing the VF count");
        const outcome = await carryOut(kernel, nic, decision.plan, options);
        const found = await waitUntilSettled(kernel, this.address, options.settleDeadlineMs);
        if (outcome.kind !== "configured") log.warn({ from, to, outcome }, "the VF count was not changed");
        if (outcome.kind !== "configured" || found === undefined || found.numVfs === to) {
          this.looks = LOOKS_AFTER_CHANGE_MS;
          return { outcome, found };
        }
        this.shortfall = { ...identityOf(device), numVfs: found.numVfs };
        return { outcome: fewerThan(to, found), found };
      }
    }
  }

  /** The driver made no more VFs for this same generation: another try would destroy them and end as before. */
  private isKnownShortfall(device: SriovNetworkDevice, nic: PhysicalFunction): boolean {
    return nic.numVfs > 0 && isDeepStrictEqual(this.shortfall, { ...identityOf(device), numVfs: nic.numVfs });
  }

  /** Says that a new generation was seen, beside the kernel's work, not before it. */
  private acknowledgeNewGeneration(): void {
    const device = this.parts.current();
    if (device?.status?.observedGeneration === undefined) return;
    const { uid = "", generation = 0 } = device.metadata;
    // An object that was made anew counts its generations from 1 again.
    if (uid === this.acknowledged.uid && generation <= this.acknowledged.generation) return;
    this.acknowledged = { uid, generation };
    if (generation <= device.status.observedGeneration) return;
    clearTimeout(this.acknowledgement);
    this.acknowledgement = setTimeout(() => {
      this.acknowledging = this.acknowledging
        .then(() => this.put(device, acknowledge(device, new Date())))
        .catch((error: unknown) => this.parts.log.warn({ err: error }, "could not acknowledge the change"));
    }, ACKNOWLEDGE_AFTER_MS);
  }

  private async write(device: SriovNetworkDevice, status: Partial<SriovNetworkDeviceStatus>): Promise<void> {
    clearTimeout(this.acknowledgement);
    await this.acknowledging;
    const latest = this.parts.current() ?? device;
    if (latest.metadata.uid !== device.metadata.uid) return;
    // A newer generation is known already: the hardware is reported as it is, but not as ready for that.
    const overtaken = (latest.metadata.generation ?? 1) > (device.metadata.generation ?? 1);
    const next = overtaken ? { ...status, ...acknowledge(latest, new Date()) } : status;
    if (!isReported(latest, next)) await this.put(device, next);
  }

  private async put(device: SriovNetworkDevice, status: Partial<SriovNetworkDeviceStatus>): Promise<void> {
    const { name, uid } = device.metadata;
    const options = { fieldManager: AGENT_FIELD_MANAGER, subresource: "status" as const };
    this.reported = heard(device, { ...device.status, ...status });
    try {
      const body = { metadata: { uid }, status };
      this.parts.observe(await this.parts.client.merge(SRIOV_NETWORK_DEVICE, name, body, options));
    } catch (error) {
      // Deleted, or deleted and made anew: the next pass speaks of the new one.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

/** All of an object that a pass depends on. Who declares the count that is there already changes no generation. */
interface Heard {
  readonly uid: string;
  readonly generation: number;
  readonly managed: boolean;
  readonly status: unknown;
}

function heard(device: SriovNetworkDevice, status: unknown): Heard {
  return { ...identityOf(device), managed: isManaged(device), status };
}

/** What a driver made of one generation where it made fewer VFs than it was asked for. */
interface Shortfall {
  readonly uid: string;
  readonly generation: number;
  readonly numVfs: number;
}

function identityOf({ metadata: { uid = "", generation = 0 } }: SriovNetworkDevice): Omit<Shortfall, "numVfs"> {
  return { uid, generation };
}

function notEligible(reason: string, wanted: number): Outcome {
  const message = `not changed to ${wanted}: ${reason}. Take the NIC out of there, or set the count back.`;
  return { kind: "notEligible", message };
}

/** A driver may enable fewer VFs than it was asked for, and still answer with success. */
function fewerThan(wanted: number, found: PhysicalFunction): Outcome {
  const message =
    `the kernel took ${wanted} without an error, but the NIC has ${found.numVfs} VFs: its driver makes no more. ` +
    `Set the count to ${found.numVfs}, or look for the driver's limit in the node's kernel log.`;
  return { kind: "kernelRefused", message };
}
