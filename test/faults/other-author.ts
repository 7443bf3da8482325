import { isDeepStrictEqual } from "node:util";
import { KUBE_VIRT, type KubeVirt } from "../../api/kubevirt.js";
import { Annotation } from "../../api/names.js";
import { Informer } from "../../kube/informer.js";
import { isConflict } from "../../kube/errors.js";
import type { Lab } from "../../lab/lab.js";
import { listOf } from "../integration/controller/kubevirt/kube-virt-cluster.js";

/** Whoever else writes a KubeVirt, as fast as he can: entries of his own anywhere in the list, and other fields. */
export class OtherAuthor {
  /** What stood in the list beside the controller's entries after each of his writes, by resource version. */
  private readonly written = new Map<string, readonly unknown[]>();
  /** The same of every version that there was, in order. */
  private readonly seen: { readonly version: string; readonly others: readonly unknown[] }[] = [];
  private readonly watch: Informer<KubeVirt>;
  private rounds = 0;
  private ended = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly lab: Lab,
    private readonly kubeVirt: KubeVirt,
  ) {
    const { namespace } = kubeVirt.metadata;
    this.watch = new Informer(lab.client, KUBE_VIRT, { namespace });
    this.watch.onChange(({ object }) =>
      this.seen.push({ version: object.metadata.resourceVersion ?? "", others: others(object) }),
    );
    this.written.set(kubeVirt.metadata.resourceVersion ?? "", others(kubeVirt));
  }

  async start(): Promise<void> {
    await this.watch.start().synced;
    this.running = this.work();
  }

  /** Resolves with the object as he leaves it. */
  async stop(): Promise<KubeVirt> {
    this.ended = true;
    await this.running;
    return this.read();
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.running;
    await this.watch.stop();
  }

  get writes(): number {
    return this.written.size;
  }

  /** Versions in which somebody else had changed what is his, or its order. */
  disturbed(): readonly string[] {
    return this.seen.flatMap(({ version, others }, index) => {
      const expected = this.written.get(version) ?? this.seen[index - 1]?.others ?? others;
      return isDeepStrictEqual(expected, others) ? [] : [`${version}: ${JSON.stringify(others)}`];
    });
  }

  private async work(): Promise<void> {
    while (!this.ended) {
      const { metadata, spec } = await this.read();
      const list = [...listOf({ metadata, ...(spec && { spec }) })];
      const own = list.flatMap((entry, index) => (isHis(entry) ? [index] : []));
      const round = ++this.rounds;
      const victim = own[round % Math.max(1, own.length)];
      if (own.length > 6 && victim !== undefined) list.splice(victim, 1);
      else list.splice((round * 7) % (list.length + 1), 0, hisEntry(round));
      await this.write(metadata.resourceVersion ?? "", list, round);
    }
  }

  private async write(resourceVersion: string, pciHostDevices: unknown[], round: number): Promise<void> {
    const { name, namespace = "" } = this.kubeVirt.metadata;
    const patch = {
      metadata: { resourceVersion, annotations: { round: String(round) } },
      spec: { imageTag: `v${round}`, configuration: { permittedHostDevices: { pciHostDevices } } },
    };
    try {
      const written = await this.lab.client.merge(KUBE_VIRT, name, patch, { fieldManager: "other", namespace });
      this.written.set(written.metadata.resourceVersion ?? "", others(written));
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }

  private read(): Promise<KubeVirt> {
    const { name, namespace } = this.kubeVirt.metadata;
    return this.lab.client.get(KUBE_VIRT, name, { namespace });
  }
}

/** All entries but those that the annotation names, of which each is in the list once. */
export function others(kubeVirt: KubeVirt): unknown[] {
  const text = kubeVirt.metadata.annotations?.[Annotation.permittedPciDevices] ?? "{}";
  const own = JSON.parse(text) as Readonly<Record<string, readonly string[]>>;
  const left = new Map(Object.entries(own).map(([name, selectors]) => [name, [...selectors]]));
  return listOf(kubeVirt).filter((entry) => {
    const { resourceName = "", pciVendorSelector = "" } = entry as {
      resourceName?: string;
      pciVendorSelector?: string;
    };
    const selectors = left.get(resourceName) ?? [];
    const at = isHis(entry) ? -1 : selectors.indexOf(pciVendorSelector);
    if (at >= 0) selectors.splice(at, 1);
    return at < 0;
  });
}

function isHis(entry: unknown): boolean {
  return (entry as { readonly resourceName?: string }).resourceName?.startsWith("other.org/") === true;
}

function hisEntry(round: number): unknown {
  const selector = { pciVendorSelector: "8086:10CA", resourceName: `other.org/${round % 5}` };
  return round % 2 === 0 ? selector : { ...selector, externalResourceProvider: true };
}
