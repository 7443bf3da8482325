import { isDeepStrictEqual } from "node:util";
import { EVENT, type Event } from "../../../../api/event.js";
import { NAMESPACE } from "../../../../api/core.js";
import { KUBE_VIRT, type KubeVirt, type PciHostDevice } from "../../../../api/kubevirt.js";
import { Annotation, pciDeviceName } from "../../../../api/names.js";
import type { KubeObject } from "../../../../api/object.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim, type PciDeviceClaimStatus } from "../../../../api/pci-device-claim.js";
import { PCI_DEVICE } from "../../../../api/pci-device.js";
import { isNotFound } from "../../../../kube/errors.js";
import { Informer } from "../../../../kube/informer.js";
import { waitFor } from "../../../../kube/wait.js";
import { installKubeVirt } from "../../../../lab/install-contract.js";
import type { Lab } from "../../../../lab/lab.js";
import { until } from "../../agent/observer.js";
import { removePolicies } from "../policy-cluster.js";

const PERSON = { fieldManager: "person" };
const DEADLINE_MS = 45_000;

let made = 0;

export interface Device {
  readonly nodeName: string;
  readonly address: string;
  readonly resourceName: string;
}

/** A cluster with KubeVirt's kind, and nodes whose agents are played: devices, claims and what is reported of them. */
export class KubeVirtCluster {
  private constructor(
    readonly lab: Lab,
    readonly kubeVirts: Informer<KubeVirt>,
    readonly claims: Informer<PciDeviceClaim>,
    readonly events: Informer<Event>,
  ) {}

  /** Without the claims and KubeVirts of other tests. */
  static async start(lab: Lab): Promise<KubeVirtCluster> {
    await installKubeVirt(lab.client);
    await removePolicies(lab.client);
    const kubeVirts = new Informer(lab.client, KUBE_VIRT).start();
    const claims = new Informer(lab.client, PCI_DEVICE_CLAIM).start();
    const events = new Informer(lab.client, EVENT).start();
    await Promise.all([kubeVirts, claims, events].map((informer) => informer.synced));
    const cluster = new KubeVirtCluster(lab, kubeVirts, claims, events);
    await cluster.clear();
    return cluster;
  }

  async stop(): Promise<void> {
    await this.clear();
    await Promise.all([this.kubeVirts, this.claims, this.events].map((informer) => informer.stop()));
  }

  /** Makes a KubeVirt in a namespace of its own; `spec` as people write it, right or wrong. */
  async kubeVirt(spec: unknown, metadata: Partial<KubeObject["metadata"]> = {}): Promise<KubeVirt> {
    const namespace = `kubevirt-${++made}`;
    await this.lab.client.apply(NAMESPACE, { metadata: { name: namespace } }, { ...PERSON, force: true });
    const object = { metadata: { name: "kubevirt", namespace, ...metadata }, spec } as KubeVirt;
    const created = await this.lab.client.create(KUBE_VIRT, object, PERSON);
    this.kubeVirts.observe(created);
    return created;
  }

  withList(...pciHostDevices: unknown[]): Promise<KubeVirt> {
    return this.kubeVirt({ configuration: { permittedHostDevices: { pciHostDevices } } });
  }

  /** What the node's agent reports of a device; `selector` is `8086:10CA`. */
  async device(
    nodeName: string,
    resourceName: string,
    selector = "8086:10CA",
    address = freshAddress(),
  ): Promise<Device> {
    const name = pciDeviceName(nodeName, address);
    const agent = await this.lab.clientOfNode(nodeName);
    await agent.create(PCI_DEVICE, { metadata: { name }, spec: {} }, PERSON);
    const [vendorId, deviceId] = selector.toLowerCase().split(":");
    const numbers = { vendorId, deviceId, classId: "0200", iommuGroup: "7" };
    const words = { address, nodeName, resourceName, description: "", kernelDriverInUse: "vfio-pci" };
    const status = { ...numbers, ...words };
    await agent.merge(PCI_DEVICE, name, { status }, { ...PERSON, subresource: "status" });
    return { nodeName, address, resourceName };
  }

  /** Claims a device, whose agent has bound it. */
  async claim(device: Device, metadata: Partial<KubeObject["metadata"]> = {}): Promise<PciDeviceClaim> {
    const { resourceName } = device;
    return this.report(await this.bareClaim(device, metadata), { passthroughEnabled: true, resourceName });
  }

  /** Claims a device of which no agent has said anything yet. */
  async bareClaim(device: Omit<Device, "resourceName">, metadata = {}): Promise<PciDeviceClaim> {
    const { nodeName, address } = device;
    const name = pciDeviceName(nodeName, address);
    const spec = { nodeName, address, userName: "person" };
    const object = { metadata: { name, labels: { "made-by": "kube-virt-cluster" }, ...metadata }, spec };
    const created = await this.lab.client.create(PCI_DEVICE_CLAIM, object, PERSON);
    this.claims.observe(created);
    return created;
  }

  /** As the agent of the claim's node. */
  async report({ metadata, spec }: PciDeviceClaim, status: PciDeviceClaimStatus): Promise<PciDeviceClaim> {
    const agent = await this.lab.clientOfNode(spec.nodeName);
    const options = { ...PERSON, subresource: "status" as const };
    const reported = await agent.merge(PCI_DEVICE_CLAIM, metadata.name, { status }, options);
    this.claims.observe(reported);
    return reported;
  }

  async release({ metadata }: PciDeviceClaim): Promise<void> {
    await this.lab.client.delete(PCI_DEVICE_CLAIM, metadata.name);
  }

  /** Resolves when the list is this one. */
  permits(kubeVirt: KubeVirt, ...list: readonly unknown[]): Promise<KubeVirt> {
    return this.sees(kubeVirt, (object) => isDeepStrictEqual(listOf(object), list));
  }

  sees({ metadata: { name, namespace } }: KubeVirt, wanted: (kubeVirt: KubeVirt) => boolean): Promise<KubeVirt> {
    const find = () => this.kubeVirts.get(name, namespace);
    return until(this.kubeVirts, find, wanted, `KubeVirt ${namespace ?? ""}/${name}`, DEADLINE_MS);
  }

  edit({ metadata }: KubeVirt, patch: Readonly<Record<string, unknown>>): Promise<KubeVirt> {
    const { name, namespace = "" } = metadata;
    return this.lab.client.merge(KUBE_VIRT, name, patch, { ...PERSON, namespace });
  }

  /** Sets the list, as a person does who has read it. */
  async setList(kubeVirt: KubeVirt, list: unknown): Promise<KubeVirt> {
    return this.edit(kubeVirt, { spec: { configuration: { permittedHostDevices: { pciHostDevices: list } } } });
  }

  /** Resolves with an event of that reason about the object. */
  event({ metadata }: KubeObject, reason: string, text = ""): Promise<Event> {
    const find = () =>
      this.events
        .list()
        .find((it) => it.involvedObject.uid === metadata.uid && it.reason === reason && it.message.includes(text));
    return until(this.events, find, () => true, `event ${reason} about ${metadata.name}`, DEADLINE_MS);
  }

  /** Resolves when the claim is as wanted. */
  seesClaim({ metadata }: PciDeviceClaim, wanted: (claim: PciDeviceClaim) => boolean): Promise<PciDeviceClaim> {
    return until(this.claims, () => this.claims.get(metadata.name), wanted, metadata.name, DEADLINE_MS);
  }

  /** Resolves when the claim is gone. */
  noClaim({ metadata }: PciDeviceClaim): Promise<void> {
    return waitFor(
      this.claims,
      () =>
        this.claims.get(metadata.name) === undefined
          ? { state: "satisfied", result: undefined }
          : { state: "pending", what: `${metadata.name} is still there` },
      { deadline: Date.now() + DEADLINE_MS },
    );
  }

  private async clear(): Promise<void> {
    const { client } = this.lab;
    for (const { metadata, status } of this.claims.list()) {
      // Claims of other tests that nothing is offered by are in nobody's way.
      if (status?.resourceName === undefined && metadata.labels?.["made-by"] !== "kube-virt-cluster") continue;
      // Whoever its agent said uses the device: that agent and its node are another test's, and gone.
      const annotations = { [Annotation.allowDisruption]: "release" };
      await gone(
        client.merge(PCI_DEVICE_CLAIM, metadata.name, { metadata: { finalizers: null, annotations } }, PERSON),
      );
      await gone(client.delete(PCI_DEVICE_CLAIM, metadata.name));
    }
    for (const { metadata } of this.kubeVirts.list()) {
      const { name, namespace = "" } = metadata;
      await gone(client.merge(KUBE_VIRT, name, { metadata: { finalizers: null } }, { ...PERSON, namespace }));
      await gone(client.delete(KUBE_VIRT, name, { namespace }));
    }
  }
}

function freshAddress(): string {
  return `${(0x1000 + ++made).toString(16)}:04:10.0`;
}

export function listOf({ spec }: KubeVirt): readonly unknown[] {
  return spec?.configuration?.permittedHostDevices?.pciHostDevices ?? [];
}

/** As the controller writes it. */
export function entry(resourceName: string, pciVendorSelector = "8086:10CA"): PciHostDevice {
  return { pciVendorSelector, resourceName, externalResourceProvider: true };
}

async function gone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
