import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { AGENT_FIELD_MANAGER, Annotation } from "../../../api/names.js";
import { PCI_DEVICE, type PciDevice } from "../../../api/pci-device.js";
import { CLAIM_FINALIZER, ClaimReason, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { KubeClient, WriteOptions } from "../../../kube/client.js";
import { type ClaimOutcome, claimStatus } from "./claim-report.js";

export interface ClaimWriterParts {
  readonly log: Logger;
  readonly client: Pick<KubeClient, "merge">;
  /** The claim as it is known now; undefined when there is none. */
  readonly current: () => PciDeviceClaim | undefined;
  /** Takes note of the claim as a write of ours has left it. */
  readonly observe: (claim: PciDeviceClaim) => void;
}

/** What is done within this time is acknowledged by its result. */
const ACKNOWLEDGE_AFTER_MS = 100;

/** All that a loop writes to its claim: only where something differs, and in order. */
export class ClaimWriter {
  private timer: NodeJS.Timeout | undefined;
  private acknowledging: Promise<void> = Promise.resolve();
  private written: Heard | undefined;

  constructor(private readonly parts: ClaimWriterParts) {}

  /** Is the claim as a write of ours has left it, in all that a pass depends on? */
  isOwnWord(claim: PciDeviceClaim): boolean {
    return isDeepStrictEqual(this.written, heard(claim));
  }

  /** Says soon that a new generation was seen, unless more than that has been said by then. */
  acknowledgeNewGeneration(): void {
    if (this.timer !== undefined || !isUnseen(this.parts.current())) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.acknowledging = this.acknowledge().catch((error: unknown) =>
        this.parts.log.warn({ err: error }, "could not acknowledge the claim"),
      );
    }, ACKNOWLEDGE_AFTER_MS);
  }

  cancelAcknowledgement(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Resolves once the claim stays until its device is given back, and goes with its PCIDevice. */
  async hold(claim: PciDeviceClaim, device: PciDevice): Promise<void> {
    const { finalizers = [], ownerReferences = [] } = (await this.latest(claim)).metadata;
    const isOwned = ownerReferences.some(({ kind }) => kind === PCI_DEVICE.kind);
    if (finalizers.includes(CLAIM_FINALIZER) && isOwned) return;
    const { name, uid = "" } = device.metadata;
    const owner = { apiVersion: PCI_DEVICE.apiVersion, kind: PCI_DEVICE.kind, name, uid };
    await this.edit(claim, {
      finalizers: [...new Set([...finalizers, CLAIM_FINALIZER])],
      // One that is there already is left: that PCIDevice may be gone, and then the claim is to go too.
      ownerReferences: isOwned ? ownerReferences : [...ownerReferences, owner],
    });
  }

  /** Resolves once nothing of ours keeps the claim. */
  async letGo(claim: PciDeviceClaim): Promise<void> {
    const { finalizers = [] } = (await this.latest(claim)).metadata;
    if (!finalizers.includes(CLAIM_FINALIZER)) return;
    await this.edit(claim, { finalizers: finalizers.filter((finalizer) => finalizer !== CLAIM_FINALIZER) });
  }

  async report(claim: PciDeviceClaim, outcome: ClaimOutcome): Promise<void> {
    const latest = await this.latest(claim);
    // Of a newer generation, another pass speaks.
    if (latest.metadata.generation === claim.metadata.generation) await this.put(latest, outcome);
  }

  private async acknowledge(): Promise<void> {
    const claim = this.parts.current();
    if (claim === undefined || !isUnseen(claim)) return;
    const { passthroughEnabled = false, usedBy } = claim.status ?? {};
    const isDeleted = claim.metadata.deletionTimestamp !== undefined;
    const reason = isDeleted ? ClaimReason.Releasing : ClaimReason.Binding;
    const message = `it is the turn of ${claim.spec.address} as soon as nothing else is done to its NIC`;
    await this.put(claim, { reason, message, passthroughEnabled, usedBy });
  }

  /** As it is known once no write of ours is under way. */
  private async latest(claim: PciDeviceClaim): Promise<PciDeviceClaim> {
    this.cancelAcknowledgement();
    await this.acknowledging;
    const latest = this.parts.current();
    return latest !== undefined && latest.metadata.uid === claim.metadata.uid ? latest : claim;
  }

  private async put(claim: PciDeviceClaim, outcome: ClaimOutcome): Promise<void> {
    const status = claimStatus(claim, outcome, new Date());
    if (status === undefined) return;
    await this.merge(claim, { metadata: { uid: claim.metadata.uid }, status }, { subresource: "status" });
  }

  /** With its version, since lists are written whole and others have entries in them. */
  private async edit(claim: PciDeviceClaim, changes: Readonly<Record<string, unknown>>): Promise<void> {
    const latest = await this.latest(claim);
    const { uid, resourceVersion } = latest.metadata;
    await this.merge(latest, { metadata: { uid, resourceVersion, ...changes } }, {});
  }

  private async merge(
    claim: PciDeviceClaim,
    body: Readonly<Record<string, unknown>>,
    options: Pick<WriteOptions, "subresource">,
  ): Promise<void> {
    const { client, observe } = this.parts;
    const { name } = claim.metadata;
    const next = await client.merge(PCI_DEVICE_CLAIM, name, body, { fieldManager: AGENT_FIELD_MANAGER, ...options });
    // What somebody else has changed meanwhile no pass has seen, so that another is to follow.
    if (isDeepStrictEqual(asked(next), asked(claim))) this.written = heard(next);
    observe(next);
  }
}

/** Nothing has been said of its generation yet. */
function isUnseen(claim: PciDeviceClaim | undefined): claim is PciDeviceClaim {
  return claim !== undefined && (claim.status?.observedGeneration ?? 0) < (claim.metadata.generation ?? 1);
}

/** All that others ask of a claim. */
function asked({ metadata, spec }: PciDeviceClaim): unknown {
  const { uid, generation, deletionTimestamp, annotations = {} } = metadata;
  const said = [annotations[Annotation.overrideResourceName], annotations[Annotation.allowDisruption]];
  return { uid, generation, deletionTimestamp, said, spec };
}

interface Heard {
  readonly asked: unknown;
  readonly finalizers: unknown;
  readonly owners: unknown;
  readonly status: unknown;
}

/** All of a claim that a pass depends on. */
function heard(claim: PciDeviceClaim): Heard {
  const { finalizers = [], ownerReferences: owners = [] } = claim.metadata;
  return { asked: asked(claim), finalizers, owners, status: claim.status };
}
