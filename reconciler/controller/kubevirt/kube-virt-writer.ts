import type { Logger } from "pino";
import { CONTROLLER_FIELD_MANAGER } from "../../../api/names.js";
import { KUBE_VIRT, type KubeVirt } from "../../../api/kubevirt.js";
import type { KubeClient } from "../../../kube/client.js";
import { isConflict, isInvalid, isNotFound, messageOf } from "../../../kube/errors.js";
import type { EventRecorder } from "../../service/events.js";
import type { Repairs } from "../repairs.js";
import { type Entry, keyOf } from "./own-entries.js";
import { contended, type ListPlan, planList, type Wanted } from "./plan-list.js";

export interface KubeVirtWriterParts {
  readonly client: Pick<KubeClient, "get" | "jsonPatch">;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly repairs: Repairs;
  /** Takes note of the object as it was read or written. */
  readonly observe: (kubeVirt: KubeVirt) => void;
}

/** Reasons of events of a KubeVirt. */
export const KubeVirtEvent = {
  /** Normal: virtual machines may ask for devices that claims offer now. */
  Permitted: "PciDevicesPermitted",
  /** Normal: no claim offers devices any more that virtual machines could ask for. */
  Withdrawn: "PciDevicesWithdrawn",
  /** Warning: the list could not be written, and why. */
  Refused: "PciDevicesRefused",
  /** Warning: KubeVirt, told so by entries of somebody else, advertises devices that claims offer, or under their name. */
  Contended: "PciDevicesContended",
} as const;

/** The object's status changes now and then; one that is written faster than it can be read is a fault of somebody. */
const MAX_LOOKS = 10;

/** Has the list of a KubeVirt as claims want it. */
export class KubeVirtWriter {
  /** The last warning about each object, by its uid and the event's reason. */
  private readonly told = new Map<string, string>();

  constructor(private readonly parts: KubeVirtWriterParts) {}

  /**
   * Resolves with the milliseconds after which to look again; undefined: only when something changes.
   *
   * @throws {ApiError | ConnectionError} after an event has told why.
   */
  async settle(kubeVirt: KubeVirt, wanted: Wanted, term: AbortSignal): Promise<number | undefined> {
    try {
      const pauseMs = await this.write(kubeVirt, wanted, term);
      this.warn(kubeVirt, KubeVirtEvent.Refused, undefined);
      return pauseMs;
    } catch (error) {
      if (!term.aborted) this.warn(kubeVirt, KubeVirtEvent.Refused, `${messageOf(error)} It is tried again.`);
      throw error;
    }
  }

  /** The object is gone. */
  forget({ metadata }: KubeVirt): void {
    for (const reason of Object.values(KubeVirtEvent)) this.told.delete(`${metadata.uid ?? ""} ${reason}`);
  }

  private async write(kubeVirt: KubeVirt, wanted: Wanted, term: AbortSignal): Promise<number | undefined> {
    let current = kubeVirt;
    for (let look = 0; look < MAX_LOOKS; look++) {
      this.warn(current, KubeVirtEvent.Contended, contention(contended(current, wanted.entries)));
      const { plan, pauseMs } = this.plan(current, wanted);
      if (plan.kind === "unreadable") throw new Error(unreadable(current, plan.path));
      if (plan.kind === "asWanted") return pauseMs;
      try {
        await this.patch(current, plan, term);
        return pauseMs;
      } catch (error) {
        const latest = await this.afterFailure(current, error, term);
        if (latest === undefined) return undefined;
        current = latest;
      }
    }
    throw new Error(`KubeVirt ${nameOf(kubeVirt)}: somebody else changes it as soon as it is read.`);
  }

  /** What somebody takes out again and again is added after pauses. */
  private plan(kubeVirt: KubeVirt, wanted: Wanted): { readonly plan: ListPlan; readonly pauseMs: number | undefined } {
    const plan = planList(kubeVirt, wanted);
    if (plan.kind !== "change") return { plan, pauseMs: undefined };
    const pauses = new Map(plan.added.map((entry) => [keyOf(entry), this.pauseBefore(kubeVirt, entry)]));
    const pauseMs = Math.max(0, ...pauses.values());
    if (pauseMs === 0) return { plan, pauseMs: undefined };
    const entries = wanted.entries.filter((entry) => (pauses.get(keyOf(entry)) ?? 0) === 0);
    return { plan: planList(kubeVirt, { ...wanted, entries }), pauseMs };
  }

  private pauseBefore({ metadata }: KubeVirt, entry: Entry): number {
    return this.parts.repairs.pauseBefore(`${metadata.uid ?? ""} ${keyOf(entry)}`, keyOf(entry));
  }

  private async patch(
    { metadata: { name, namespace, uid = "" } }: KubeVirt,
    { steps, added, removed }: Extract<ListPlan, { kind: "change" }>,
    term: AbortSignal,
  ): Promise<void> {
    const { client, observe, repairs } = this.parts;
    const options = { fieldManager: CONTROLLER_FIELD_MANAGER, signal: term, ...(namespace && { namespace }) };
    const written = await client.jsonPatch(KUBE_VIRT, name, steps, options);
    observe(written);
    for (const entry of added) repairs.wrote(`${uid} ${keyOf(entry)}`, keyOf(entry));
    for (const entry of removed) repairs.forget(`${uid} ${keyOf(entry)}`);
    this.tell(written, added, removed);
  }

  /** The object as somebody has changed it meanwhile; undefined where it is gone. @throws the error, where it is no such thing. */
  private async afterFailure(kubeVirt: KubeVirt, error: unknown, term: AbortSignal): Promise<KubeVirt | undefined> {
    if (isNotFound(error)) return undefined;
    // A test that fails is answered as what is invalid is, by a schema or a guard: the object tells the two apart.
    if (!isConflict(error) && !isInvalid(error)) throw error;
    const latest = await this.read(kubeVirt, term);
    if (latest?.metadata.resourceVersion === kubeVirt.metadata.resourceVersion) throw error;
    return latest;
  }

  private async read({ metadata }: KubeVirt, term: AbortSignal): Promise<KubeVirt | undefined> {
    const { client, observe } = this.parts;
    const { name, namespace, uid } = metadata;
    try {
      const found = await client.get(KUBE_VIRT, name, { signal: term, ...(namespace && { namespace }) });
      observe(found);
      return found.metadata.uid === uid && found.metadata.deletionTimestamp === undefined ? found : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  private tell(kubeVirt: KubeVirt, added: readonly Entry[], removed: readonly Entry[]): void {
    const { events, log } = this.parts;
    const record = (reason: string, message: string): void => {
      log.info({ kubeVirt: nameOf(kubeVirt), reason }, message);
      events.record(KUBE_VIRT, kubeVirt, { type: "Normal", reason, message });
    };
    if (added.length > 0) {
      record(KubeVirtEvent.Permitted, `virtual machines may ask for what claims offer: ${inWords(added)}`);
    }
    if (removed.length > 0) {
      record(
        KubeVirtEvent.Withdrawn,
        `no claim offers any more, and virtual machines cannot ask for: ${inWords(removed)}`,
      );
    }
  }

  /** Undefined: there is nothing (any more) to warn of. */
  private warn(kubeVirt: KubeVirt, reason: string, message: string | undefined): void {
    const key = `${kubeVirt.metadata.uid ?? ""} ${reason}`;
    if (this.told.get(key) === message) return;
    if (message === undefined) {
      this.told.delete(key);
      return;
    }
    this.told.set(key, message);
    this.parts.log.warn({ kubeVirt: nameOf(kubeVirt), reason }, message);
    this.parts.events.record(KUBE_VIRT, kubeVirt, { type: "Warning", reason, message });
  }
}

/** `namespace/name` */
function nameOf({ metadata: { namespace, name } }: KubeVirt): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

const MAX_NAMED = 5;

/** `intel.com/82576_VF (8086:10CA)` */
function inWords(entries: readonly Entry[]): string {
  const named = entries.slice(0, MAX_NAMED).map((entry) => `${entry.resourceName} (${entry.pciVendorSelector})`);
  const more = entries.length - named.length;
  return named.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function contention(entries: readonly Entry[]): string | undefined {
  if (entries.length === 0) return undefined;
  return (
    `entries of somebody else have KubeVirt itself advertise what claims offer: ${inWords(entries)}. Machines may get devices ` +
    `that nobody has claimed, or two machines the same. Set externalResourceProvider: true on those entries, or remove them.`
  );
}

function unreadable(kubeVirt: KubeVirt, path: string): string {
  return (
    `KubeVirt ${nameOf(kubeVirt)}: ${path} is not what it should be, so that no device can be permitted ` +
    `in spec.configuration.permittedHostDevices.pciHostDevices. Correct it.`
  );
}
