import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { AGENT_FIELD_MANAGER, Annotation } from "../../../api/names.js";
import type { Condition } from "../../../api/object.js";
import {
  readyCondition,
  SRIOV_NETWORK_DEVICE,
  type SriovNetworkDevice,
  type SriovNetworkDeviceStatus,
} from "../../../api/sriov-network-device.js";
import type { KubeClient, WriteOptions } from "../../../kube/client.js";
import { isConflict, isNotFound } from "../../../kube/errors.js";
import { isManaged } from "./decide.js";
import { allowedCount, requested } from "./guard.js";
import { acknowledge, isReported, policyConflict, type Report, withConditions } from "./report.js";

export interface ObjectWriterParts {
  readonly client: Pick<KubeClient, "merge">;
  readonly log: Logger;
  /** The object as it is known now; undefined when there is none. */
  readonly current: () => SriovNetworkDevice | undefined;
  /** Takes note of the object as a write of ours has left it. */
  readonly observe: (device: SriovNetworkDevice) => void;
}

/** What a report has made of the Ready condition. */
export interface Transition {
  readonly before: Condition | undefined;
  readonly after: Condition;
}

/**
 * A change that is done within this time is acknowledged by its result: one write to the API server instead of two. What
 * takes longer is acknowledged meanwhile; nobody takes less than seconds for silence.
 */
const ACKNOWLEDGE_AFTER_MS = 100;

/** All that a loop writes to its object: only where something differs, and in order. */
export class ObjectWriter {
  private acknowledgement: NodeJS.Timeout | undefined;
  private acknowledging: Promise<void> = Promise.resolve();
  private acknowledged = { uid: "", generation: 0 };
  private written: Heard | undefined;

  constructor(private readonly parts: ObjectWriterParts) {}

  /** Is the object as a write of ours has left it, in all that a pass depends on? */
  isOwnWord(device: SriovNetworkDevice): boolean {
    return isDeepStrictEqual(this.written, heard(device));
  }

  /** Says that a new generation was seen, beside the kernel's work, not before it. */
  acknowledgeNewGeneration(): void {
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
        .then(async () => {
          await this.put(device, acknowledge(device));
        })
        .catch((error: unknown) => this.parts.log.warn({ err: error }, "could not acknowledge the change"));
    }, ACKNOWLEDGE_AFTER_MS);
  }

  cancelAcknowledgement(): void {
    clearTimeout(this.acknowledgement);
  }

  /** Resolves with what has changed for whoever looks at the object; nothing where it is overtaken, or as before. */
  async report(device: SriovNetworkDevice, report: Report): Promise<Transition | undefined> {
    clearTimeout(this.acknowledgement);
    await this.acknowledging;
    const latest = this.parts.current() ?? device;
    if (latest.metadata.uid !== device.metadata.uid) return undefined;
    // A newer generation is known already: the hardware is reported as it is, but not as ready for that.
    const overtaken = (latest.metadata.generation ?? 1) > (device.metadata.generation ?? 1);
    const before = readyCondition(latest);
    const after = await this.put(latest, overtaken ? { ...report, ...acknowledge(latest) } : report);
    return after && !overtaken ? { before, after } : undefined;
  }

  /** Takes the annotation away that let a change destroy VFs in use: the change is done, or was another. */
  async withdrawAllowance(device: SriovNetworkDevice): Promise<void> {
    const count = await this.withdraw(device, Annotation.allowDisruption);
    if (count !== undefined) this.parts.log.info({ count }, "the permission to destroy VFs in use is used up");
  }

  /** Takes the annotation away by which somebody asked for another try, unless it came after `device`. */
  async withdrawRequest(device: SriovNetworkDevice): Promise<void> {
    if (requested(this.parts.current()) === requested(device)) await this.withdraw(device, Annotation.tryAgain);
  }

  /** Resolves with what the annotation said, where there was one on the object as `device` has it. */
  private async withdraw(device: SriovNetworkDevice, annotation: string): Promise<string | undefined> {
    const latest = this.parts.current();
    if (latest?.metadata.annotations?.[annotation] === undefined) return undefined;
    const { uid, generation, resourceVersion, annotations } = latest.metadata;
    if (uid !== device.metadata.uid || generation !== device.metadata.generation) return undefined;
    const { [annotation]: withdrawn, ...rest } = annotations;
    this.written = heard({ ...latest, metadata: { ...latest.metadata, annotations: rest } });
    // With its version, so that one that was set in this moment is not taken for the old one.
    const metadata = { uid, resourceVersion, annotations: { [annotation]: null } };
    await this.merge(device.metadata.name, { metadata }, {});
    return withdrawn;
  }

  /**
   * Resolves once it is on record that somebody declares the count. VFs that are made after that are taken away when the
   * count is released, also by an agent that knows of it from the object alone.
   */
  async recordManaged(device: SriovNetworkDevice): Promise<void> {
    const latest = this.parts.current() ?? device;
    if (latest.status?.countManaged !== true) await this.patch(latest, { countManaged: true });
  }

  /** Resolves with the Ready condition as it was written, or nothing where nothing differs. */
  private async put(device: SriovNetworkDevice, report: Report): Promise<Condition | undefined> {
    const conditions = withConditions(device.status?.conditions ?? [], report.conditions, new Date());
    const status: Partial<SriovNetworkDeviceStatus> = { ...report, conditions };
    return isReported(device, status) ? undefined : readyCondition(await this.patch(device, status));
  }

  /** Resolves with the object as that leaves it. */
  private async patch(
    device: SriovNetworkDevice,
    status: Partial<SriovNetworkDeviceStatus>,
  ): Promise<SriovNetworkDevice> {
    const { name, uid } = device.metadata;
    const next = { ...device, status: { ...device.status, ...status } };
    this.written = heard(next);
    await this.merge(name, { metadata: { uid }, status }, { subresource: "status" });
    return next;
  }

  private async merge(
    name: string,
    body: Readonly<Record<string, unknown>>,
    options: Pick<WriteOptions, "subresource">,
  ): Promise<void> {
    const fieldManager = AGENT_FIELD_MANAGER;
    try {
      this.parts.observe(await this.parts.client.merge(SRIOV_NETWORK_DEVICE, name, body, { fieldManager, ...options }));
    } catch (error) {
      // Deleted, made anew, or annotated anew: another pass speaks of that.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

/** All of an object that a pass depends on. Who declares the count that is there already changes no generation. */
interface Heard {
  readonly uid: string;
  readonly generation: number;
  readonly managed: boolean;
  readonly allowed: string | undefined;
  readonly tryAgain: string | undefined;
  readonly conflict: string | undefined;
  readonly status: unknown;
}

function heard(device: SriovNetworkDevice): Heard {
  const { uid = "", generation = 0 } = device.metadata;
  const said = { allowed: allowedCount(device), tryAgain: requested(device), conflict: policyConflict(device) };
  return { uid, generation, managed: isManaged(device), ...said, status: device.status };
}
