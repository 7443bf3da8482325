import { isDeepStrictEqual } from "node:util";
import { AGENT_FIELD_MANAGER, Label } from "../../../api/names.js";
import type { OwnerReference } from "../../../api/object.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { isConflict, isNotFound } from "../../../kube/errors.js";
import type { Informer } from "../../../kube/informer.js";
import { runBounded } from "../../service/bounded.js";
import type { WantedPciDevice } from "./wanted-pci-device.js";

export interface PciDeviceObjectsParts {
  readonly client: Pick<KubeClient, "create" | "get" | "merge" | "delete">;
  readonly informer: Pick<Informer<PciDevice>, "get" | "list" | "observe" | "forget">;
  /** The Node as it is now. Undefined while there is none: an object without owner would outlive it. */
  readonly owner: () => OwnerReference | undefined;
  /** Whether somebody has a claim for the PCIDevice of this name. */
  readonly isClaimed: (name: string) => boolean;
}

/**
 * Of one NIC at a time. It is half of what a client has under way at once, so that the reports of another NIC need not
 * wait behind the hundreds of this one; more would not be quicker, since it is the API server that is busy.
 */
const WRITES_AT_ONCE = 8;

/** Writing of PCIDevices, only where something differs. */
export class PciDeviceObjects {
  constructor(private readonly parts: PciDeviceObjectsParts) {}

  /** Those of this node. */
  list(): PciDevice[] {
    return this.parts.informer.list();
  }

  isClaimed(name: string): boolean {
    return this.parts.isClaimed(name);
  }

  /** Resolves when `wanted` are as they shall be, and the others, whose functions are away, gone or marked absent. */
  async settle(wanted: readonly WantedPciDevice[], away: readonly PciDevice[]): Promise<void> {
    const owner = this.parts.owner();
    if (owner === undefined) return;
    const tasks = [
      ...wanted.map((device) => () => this.ensure(device, owner)),
      ...away.map((object) => () => this.release(object)),
    ];
    await runBounded(tasks, WRITES_AT_ONCE);
  }

  /** Has the object tell of a driver that the function was given, before it is looked at the next time. */
  async tellDriver(object: PciDevice, driver: string): Promise<void> {
    try {
      await this.mergeStatus(object, { kernelDriverInUse: driver });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.parts.informer.forget(object);
    }
  }

  private async ensure(wanted: WantedPciDevice, owner: OwnerReference): Promise<void> {
    const { informer } = this.parts;
    const present = informer.get(wanted.name) ?? (await this.create(wanted, owner));
    try {
      const metadata = { ...labelChanges(present, wanted.labels), ...ownerChange(present, owner) };
      if (Object.keys(metadata).length > 0) await this.merge(present, { metadata });
      if (!isDeepStrictEqual(present.status, wanted.status)) await this.mergeStatus(present, wanted.status);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // Somebody deleted it just now. Whoever hears of that has it made again.
      informer.forget(present);
    }
  }

  /** A claim belongs to its PCIDevice and would go with it, so that this one stays, and says that it is away. */
  private async release(object: PciDevice): Promise<void> {
    try {
      if (!this.isClaimed(object.metadata.name)) {
        await this.parts.client.delete(PCI_DEVICE, object.metadata.name, { uid: object.metadata.uid });
        this.parts.informer.forget(object);
        return;
      }
      const changes = labelChanges(object, { [Label.absent]: "true" });
      if (Object.keys(changes).length > 0) await this.merge(object, { metadata: changes });
      if (object.status?.kernelDriverInUse) await this.mergeStatus(object, { kernelDriverInUse: "" });
    } catch (error) {
      // Gone already; or made anew, which the informer will tell.
      if (!isNotFound(error) && !isConflict(error)) throw error;
      this.parts.informer.forget(object);
    }
  }

  private async create({ name, labels }: WantedPciDevice, owner: OwnerReference): Promise<PciDevice> {
    const present = Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== null);
    const metadata = { name, labels: Object.fromEntries(present), ownerReferences: [owner] };
    const { client } = this.parts;
    try {
      return await this.observed(
        client.create(PCI_DEVICE, { metadata, spec: {} }, { fieldManager: AGENT_FIELD_MANAGER }),
      );
    } catch (error) {
      // The informer has not heard of it yet: one that this agent made just before it was killed, or another's.
      if (isConflict(error)) return this.observed(client.get(PCI_DEVICE, name));
      throw error;
    }
  }

  private async merge(object: PciDevice, patch: Readonly<Record<string, unknown>>): Promise<void> {
    const options = { fieldManager: AGENT_FIELD_MANAGER };
    await this.observed(this.parts.client.merge(PCI_DEVICE, object.metadata.name, patch, options));
  }

  /** A merge patch: a PUT is hardly quicker, and fails whenever somebody has written a label meanwhile. */
  private async mergeStatus(object: PciDevice, status: Partial<PciDevice["status"]>): Promise<void> {
    const options = { fieldManager: AGENT_FIELD_MANAGER, subresource: "status" as const };
    await this.observed(this.parts.client.merge(PCI_DEVICE, object.metadata.name, { status }, options));
  }

  /** The informer hears of our own writes at once, so that the next pass works on what this one left. */
  private async observed(written: Promise<PciDevice>): Promise<PciDevice> {
    const object = await written;
    this.parts.informer.observe(object);
    return object;
  }
}

function labelChanges(
  { metadata: { labels = {} } }: PciDevice,
  wanted: WantedPciDevice["labels"],
): { readonly labels?: WantedPciDevice["labels"] } {
  const differing = Object.entries(wanted).filter(([label, value]) => (labels[label] ?? null) !== value);
  return differing.length === 0 ? {} : { labels: Object.fromEntries(differing) };
}

/** A Node that was deleted and made anew is another owner; owners of other kinds are somebody else's business. */
function ownerChange(
  { metadata: { ownerReferences = [] } }: PciDevice,
  owner: OwnerReference,
): { readonly ownerReferences?: readonly OwnerReference[] } {
  if (ownerReferences.some(({ uid }) => uid === owner.uid)) return {};
  return { ownerReferences: [...ownerReferences.filter(({ kind }) => kind !== owner.kind), owner] };
}
