import { NODE } from "../../../api/core.js";
import { CONTROLLER_FIELD_MANAGER } from "../../../api/names.js";
import { CLAIM_FINALIZER, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { isConflict, isNotFound } from "../../../kube/errors.js";
import { runBounded } from "../../service/bounded.js";
import type { Job, JobParts } from "../job.js";
import { Passes } from "../passes.js";

/** Reasons of the events that the controller records about claims. */
export const LeftClaimEvent = {
  /** Warning: the claim is for a device of a node that the cluster does not have. */
  NodeMissing: "NodeMissing",
  /** Normal: the claim was deleted, and ends without its device being given back, since the node is gone. */
  NodeGone: "NodeGone",
} as const;

/** Requests under way at once. */
const AT_ONCE = 8;

/**
 * Looks after claims for devices of nodes that the cluster does not have, as nobody else does: an agent that was to release
 * the device before a claim ends is not there any more.
 */
export class LeftClaims implements Job {
  private readonly passes: Passes;
  /** Uids of claims whose node is missing, of which that was told. */
  private readonly told = new Set<string>();
  private readonly unsubscribe: (() => void)[] = [];

  constructor(private readonly parts: JobParts) {
    const { log, metrics } = parts;
    this.passes = new Passes({ job: "claims", log, metrics, pass: (term) => this.pass(term) });
  }

  async start(): Promise<void> {
    const { claims, nodes } = this.parts.watches;
    this.unsubscribe.push(
      claims.onChange((change) => {
        if (change.kind === "gone") this.told.delete(change.object.metadata.uid ?? "");
        this.passes.wake();
      }),
      nodes.onChange((change) => {
        if (change.kind === "gone" || change.previous === undefined) this.passes.wake();
      }),
    );
    await Promise.all([claims, nodes].map((informer) => informer.start().synced));
    this.passes.wake();
  }

  /** The shared watches, and the job that goes by claims too, speak for themselves. */
  waitsFor(): readonly string[] {
    return [];
  }

  lead(term: AbortSignal): Promise<void> {
    return this.passes.lead(term);
  }

  stop(): Promise<void> {
    for (const end of this.unsubscribe.splice(0)) end();
    return Promise.resolve();
  }

  private async pass(term: AbortSignal): Promise<undefined> {
    const { claims, nodes } = this.parts.watches;
    if (!claims.hasSynced || !nodes.hasSynced) return;
    const isLeft = ({ spec }: PciDeviceClaim): boolean => nodes.get(spec.nodeName) === undefined;
    for (const claim of claims.list()) if (!isLeft(claim)) this.told.delete(claim.metadata.uid ?? "");
    const left = claims.list().filter((claim) => isLeft(claim) && this.isToSettle(claim));
    const byNode = Map.groupBy(left, ({ spec }) => spec.nodeName);
    const tasks = [...byNode].map(
      ([nodeName, ofNode]) =>
        () =>
          this.settle(nodeName, ofNode, term),
    );
    await runBounded(tasks, AT_ONCE);
  }

  private isToSettle({ metadata }: PciDeviceClaim): boolean {
    const { deletionTimestamp, finalizers = [], uid = "" } = metadata;
    return deletionTimestamp === undefined ? !this.told.has(uid) : finalizers.includes(CLAIM_FINALIZER);
  }

  private async settle(nodeName: string, claims: readonly PciDeviceClaim[], term: AbortSignal): Promise<void> {
    // Watches of two kinds tell each at its own pace: only the API server knows that a node is not there.
    const { items } = await this.parts.client.list(NODE, { fields: { "metadata.name": nodeName }, signal: term });
    if (items.length > 0) return;
    for (const claim of claims) {
      if (claim.metadata.deletionTimestamp === undefined) this.tell(claim);
      else await this.letGo(claim, term);
    }
  }

  private tell(claim: PciDeviceClaim): void {
    const { nodeName, address } = claim.spec;
    const message =
      `the cluster has no node ${nodeName}: nothing is done about ${address} before a node of that name joins and runs the ` +
      `agent. Delete the claim if that is not to come.`;
    this.told.add(claim.metadata.uid ?? "");
    this.parts.log.warn({ claim: claim.metadata.name, node: nodeName }, message);
    this.parts.events.record(PCI_DEVICE_CLAIM, claim, { type: "Warning", reason: LeftClaimEvent.NodeMissing, message });
  }

  private async letGo(claim: PciDeviceClaim, term: AbortSignal): Promise<void> {
    const { client, events, log, watches } = this.parts;
    const { name, uid, resourceVersion, finalizers = [] } = claim.metadata;
    const others = finalizers.filter((finalizer) => finalizer !== CLAIM_FINALIZER);
    const patch = { metadata: { uid, resourceVersion, finalizers: others } };
    try {
      const options = { fieldManager: CONTROLLER_FIELD_MANAGER, signal: term };
      watches.claims.observe(await client.merge(PCI_DEVICE_CLAIM, name, patch, options));
    } catch (error) {
      // Gone, or written since: another pass speaks of that.
      if (!isNotFound(error) && !isConflict(error)) throw error;
      return;
    }
    const { nodeName, address } = claim.spec;
    const message = `node ${nodeName} is gone: the claim ends without ${address} being given back there`;
    log.info({ claim: name, node: nodeName }, message);
    events.record(PCI_DEVICE_CLAIM, claim, { type: "Normal", reason: LeftClaimEvent.NodeGone, message });
  }
}
