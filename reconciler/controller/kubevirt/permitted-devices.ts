import { KUBE_VIRT, type KubeVirt } from "../../../api/kubevirt.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { Informer } from "../../../kube/informer.js";
import { OptionalInformer } from "../../../kube/optional-informer.js";
import type { Job, JobParts } from "../job.js";
import { Passes } from "../passes.js";
import { Repairs } from "../repairs.js";
import { DeviceSelectors } from "./device-selectors.js";
import { KubeVirtWriter } from "./kube-virt-writer.js";
import { planList, type Wanted } from "./plan-list.js";
import { offered, wantedOf } from "./wanted.js";

/** How soon the PCIDevice of a claim is looked for again that was not there. */
const DEVICE_MISSING_MS = 5_000;
/** While claims wait for KubeVirt, it is looked for more often than other kinds that a cluster may lack. */
const LOOK_FOR_KIND_MS = 5_000;

/**
 * Claims to the devices that KubeVirt permits virtual machines to ask for. After every change of a claim or of a KubeVirt its
 * list is compared with the claims, and what differs is written; nothing is kept but what the objects themselves say.
 */
export class PermittedDevices implements Job {
  private readonly passes: Passes;
  private readonly claims: Informer<PciDeviceClaim>;
  private readonly kubeVirts: OptionalInformer<KubeVirt>;
  private readonly selectors: DeviceSelectors;
  private readonly writer: KubeVirtWriter;
  private readonly unsubscribe: (() => void)[] = [];

  constructor(private readonly parts: JobParts) {
    const { client, log, metrics, watches } = parts;
    this.passes = new Passes({ job: "kubevirt", log, metrics, pass: (term) => this.pass(term) });
    this.claims = watches.claims;
    this.kubeVirts = new OptionalInformer(client, KUBE_VIRT, watches.served, watches.telling(KUBE_VIRT));
    this.selectors = new DeviceSelectors(client);
    const observe = (kubeVirt: KubeVirt): void => this.kubeVirts.observe(kubeVirt);
    this.writer = new KubeVirtWriter({ ...parts, repairs: new Repairs(), observe });
  }

  async start(): Promise<void> {
    const { claims, kubeVirts } = this;
    this.unsubscribe.push(
      claims.onChange((change) => {
        if (change.kind === "gone") this.selectors.forget(change.object);
        this.passes.wake();
      }),
      kubeVirts.onChange((change) => {
        if (change.kind === "gone") this.isGone(change.object);
        this.passes.wake();
      }),
    );
    await Promise.all([claims.start().synced, kubeVirts.start().synced]);
    this.passes.wake();
  }

  waitsFor(): readonly string[] {
    const needed = { pcideviceclaims: this.claims, kubevirts: this.kubeVirts };
    return Object.entries(needed).flatMap(([plural, { hasSynced }]) =>
      hasSynced ? [] : [`the cluster's ${plural} could not be read yet`],
    );
  }

  lead(term: AbortSignal): Promise<void> {
    return this.passes.lead(term);
  }

  async stop(): Promise<void> {
    for (const end of this.unsubscribe.splice(0)) end();
    await this.kubeVirts.stop();
  }

  private async pass(term: AbortSignal): Promise<number | undefined> {
    // Claims that are not read yet would look as if there were none.
    if (this.waitsFor().length > 0) return undefined;
    const kubeVirts = this.kubeVirts.list().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (kubeVirts.length === 0) return this.lookForKind();
    const failures: unknown[] = [];
    const note = (error: unknown): undefined => void failures.push(error);
    await this.selectors.learn(offered(this.claims.list()), term).catch(note);
    if (kubeVirts.some((kubeVirt) => takesAway(kubeVirt, this.wanted()))) await this.catchUp(term);
    const wanted = this.wanted();
    const pauses = [wanted.undecided.size > 0 ? DEVICE_MISSING_MS : undefined];
    for (const kubeVirt of kubeVirts) pauses.push(await this.writer.settle(kubeVirt, wanted, term).catch(note));
    if (failures.length > 0) throw failures[0];
    const soonest = Math.min(...pauses.filter((ms) => ms !== undefined));
    return Number.isFinite(soonest) ? Date.now() + soonest : undefined;
  }

  private isGone(kubeVirt: KubeVirt): void {
    this.writer.forget(kubeVirt);
    // It may have gone with its kind, which is to be looked for then.
    if (this.kubeVirts.list().length === 0) void this.kubeVirts.look().then(() => this.passes.wake());
  }

  /** What comes of it the watch tells. */
  private async lookForKind(): Promise<number | undefined> {
    const isServed = this.parts.watches.served.serves(KUBE_VIRT) !== false;
    if (isServed || offered(this.claims.list()).length === 0) return undefined;
    await this.kubeVirts.look();
    return Date.now() + LOOK_FOR_KIND_MS;
  }

  private wanted(): Wanted {
    return wantedOf(this.claims.list(), (claim) => this.selectors.of(claim));
  }

  /**
   * Takes in claims that the watch has not told of yet. Its connection may have died, and to a replica that begins to lead
   * like that, an entry of the one before it looks like one that no claim wants.
   */
  private async catchUp(term: AbortSignal): Promise<void> {
    const { items } = await this.parts.client.list(PCI_DEVICE_CLAIM, { signal: term });
    for (const claim of items) this.claims.observe(claim);
    await this.selectors.learn(offered(this.claims.list()), term);
  }
}

function takesAway(kubeVirt: KubeVirt, wanted: Wanted): boolean {
  const plan = planList(kubeVirt, wanted);
  return plan.kind === "change" && plan.removed.length > 0;
}
