import { NAMESPACE } from "../../../api/core.js";
import { KUBE_VIRT, VIRTUAL_MACHINE_INSTANCE } from "../../../api/kubevirt.js";
import { Annotation, Label, pciDeviceName } from "../../../api/names.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { CLAIM_FINALIZER, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { VLAN_CONFIG } from "../../../api/vlan-config.js";
import { Informer } from "../../../kube/informer.js";
import { installKubeVirt } from "../../../lab/install-contract.js";
import { kubeVirtKind } from "../../../lab/kubevirt.js";
import type { Lab } from "../../../lab/lab.js";
import { addressOf } from "../../integration/agent/hardware.js";
import { Observer, until } from "../../integration/agent/observer.js";
import { Cluster } from "../../integration/controller/networks/cluster.js";
import { install } from "../../integration/kube/optional-kind.js";

const PERSON = { fieldManager: "person", force: true };

/** Of a node's three NICs the first gets VFs from a person, the second is claimed, the third is a policy's. */
export const NICS = 3;
const VFS = 2;

/** What people do to a cluster of one node until agent and controller have done everything that they ever do. */
export class Everything {
  private constructor(
    private readonly lab: Lab,
    private readonly node: string,
    private readonly namespace: string,
    private readonly observer: Observer,
    private readonly cluster: Cluster,
    private readonly claims: Informer<PciDeviceClaim>,
  ) {}

  /** Before the agent runs on the node, in this namespace: its first look is to find things that are not as they should be. */
  static async prepare(lab: Lab, node: string, namespace: string): Promise<Everything> {
    for (const kind of [VIRTUAL_MACHINE_INSTANCE, VLAN_CONFIG] as readonly ResourceType<KubeObject>[]) {
      await install(lab.client, kind);
    }
    await installPickyKubeVirt(lab);
    const claims = new Informer(lab.client, PCI_DEVICE_CLAIM).start();
    await claims.synced;
    const [observer, cluster] = [await Observer.start(lab.client), await Cluster.watch(lab.client)];
    const everything = new Everything(lab, node, namespace, observer, cluster, claims);
    await everything.leaveThings();
    return everything;
  }

  /** Resolves when all of it is done. */
  async happen(): Promise<void> {
    await this.claim(addressOf(1));
    await Promise.all([this.changeCounts(), this.applyPolicies(), this.makeNetworks(), this.leaveClaims()]);
    await this.permitDevices();
  }

  async stop(): Promise<void> {
    await Promise.all([this.observer.stop(), this.cluster.stop(), this.claims.stop()]);
  }

  /** An object that lacks its labels, a PCIDevice that is not recognised, and one of a function that is away. */
  private async leaveThings(): Promise<void> {
    const { client } = this.lab;
    const spec = { address: addressOf(0), nodeName: this.node, numVFS: VFS };
    await client.apply(SRIOV_NETWORK_DEVICE, { metadata: { name: this.nic(0) }, spec }, PERSON);
    const unrecognised = { metadata: { name: pciDeviceName(this.node, FIRST_VF) }, spec: {} };
    await client.apply(PCI_DEVICE, unrecognised, PERSON);
    const labels = { [Label.nodeName]: this.node, [Label.parentDevice]: this.nic(0) };
    const away = { metadata: { name: pciDeviceName(this.node, "0000:01:1f.0"), labels }, spec: {} };
    await client.apply(PCI_DEVICE, away, PERSON);
  }

  /** The same change is told twice, the second time by raising the count of the first. */
  private async changeCounts(): Promise<void> {
    const name = this.nic(0);
    for (const count of [VFS, 0, VFS, 0, VFS]) {
      await this.lab.client.merge(SRIOV_NETWORK_DEVICE, name, { spec: { numVFS: count } }, PERSON);
      await this.observer.device(name, ({ spec }) => spec.numVFS === count);
      await this.observer.configured(name, count);
      await this.observer.pciDevicesOf(name);
    }
  }

  /** One with a permission that is used up, and one that does not count. */
  private async applyPolicies(): Promise<void> {
    const annotations = { [Annotation.allowDisruption]: String(VFS) };
    await this.policy("fast", this.namespace, annotations);
    await this.observer.configured(this.nic(2), VFS);
    await this.cluster.namespace("elsewhere");
    await this.policy("stranger", "elsewhere");
    const policies = new Informer(this.lab.client, SRIOV_NETWORK_NODE_POLICY).start();
    await policies.synced;
    const isUsedUp = ({ metadata }: KubeObject): boolean =>
      metadata.annotations?.[Annotation.allowDisruption] === undefined;
    await until(policies, () => policies.get("fast", this.namespace), isUsedUp, "policy fast");
    await until(
      policies,
      () => policies.get("stranger", "elsewhere"),
      ({ status }) => status !== undefined,
      "stranger",
    );
    await policies.stop();
  }

  private async policy(name: string, namespace: string, annotations = {}): Promise<void> {
    const nicSelector = { rootDevices: [addressOf(2)] };
    const spec = { resourceName: name, nodeSelector: {}, nicSelector, numVfs: VFS };
    await this.lab.client.apply(
      SRIOV_NETWORK_NODE_POLICY,
      { metadata: { name, namespace, annotations }, spec },
      PERSON,
    );
  }

  /** One that follows a policy, from a namespace of its own, and one whose attachment is elsewhere, which is to go with it. */
  private async makeNetworks(): Promise<void> {
    const namespace = await this.cluster.namespace();
    const followed = { [Annotation.policy]: "fast" };
    const following = await this.cluster.create("following", namespace, {}, followed);
    await this.cluster.network(following.metadata, ({ spec }) => spec.resourceName === "fast");
    await this.cluster.ready(following, "Attached");
    await this.cluster.edit(SRIOV_NETWORK, following.metadata, { spec: { vlan: 200 } });
    await this.cluster.attachment(namespace, "following", ({ spec }) => spec?.config?.includes("200") ?? false);
    const central = await this.cluster.create("central", this.namespace, {
      resourceName: "fast",
      networkNamespace: namespace,
    });
    await this.cluster.ready(central, "Attached");
    await this.cluster.remove(SRIOV_NETWORK, central.metadata);
    await this.cluster.noAttachment(namespace, "central");
  }

  /** For a device of a node that is not there, of which no agent gives it back. */
  private async leaveClaims(): Promise<void> {
    const claim = await this.claim(addressOf(1), "gone", [CLAIM_FINALIZER]);
    await this.event(claim, "NodeMissing");
    await this.release(claim);
  }

  /** Devices come and go and come, and a list that KubeVirt does not take is read again. */
  private async permitDevices(): Promise<void> {
    const { client } = this.lab;
    await client.apply(NAMESPACE, { metadata: { name: "kubevirt" } }, PERSON);
    const kubeVirt = await client.create(KUBE_VIRT, { metadata: { name: "kubevirt", namespace: "kubevirt" } }, PERSON);
    await this.event(kubeVirt, "PciDevicesPermitted");
    const second = await this.claim(SECOND_VF);
    await this.event(kubeVirt, "PciDevicesRefused");
    await this.release(second);
    await this.release(await this.claimOf(addressOf(1)));
    await this.event(kubeVirt, "PciDevicesWithdrawn");
    await this.claim(addressOf(1));
    await this.event(kubeVirt, "PciDevicesPermitted", 2);
  }

  /** Resolves, for one of this node, when its device is ready to be passed through. */
  private async claim(address: string, nodeName = this.node, finalizers: string[] = []): Promise<PciDeviceClaim> {
    const metadata = { name: pciDeviceName(nodeName, address), finalizers };
    const spec = { address, nodeName, userName: "alice" };
    const claim = await this.lab.client.create(PCI_DEVICE_CLAIM, { metadata, spec }, PERSON);
    this.claims.observe(claim);
    if (nodeName !== this.node) return claim;
    return this.sees(metadata.name, ({ status }) => status?.passthroughEnabled === true);
  }

  private claimOf(address: string): Promise<PciDeviceClaim> {
    return this.sees(pciDeviceName(this.node, address), () => true);
  }

  private sees(name: string, wanted: (claim: PciDeviceClaim) => boolean): Promise<PciDeviceClaim> {
    return until(this.claims, () => this.claims.get(name), wanted, name);
  }

  /** Resolves when the claim is gone. */
  private async release({ metadata: { name } }: PciDeviceClaim): Promise<void> {
    await this.lab.client.delete(PCI_DEVICE_CLAIM, name);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        if (this.claims.get(name) !== undefined) return;
        unsubscribe();
        resolve();
      };
      const unsubscribe = this.claims.onChange(done);
      done();
    });
  }

  /** Resolves when the object has been spoken of like that so often. */
  private async event({ metadata }: KubeObject, reason: string, count = 1): Promise<void> {
    const { events } = this.cluster;
    const find = () => events.list().find((it) => it.involvedObject.uid === metadata.uid && it.reason === reason);
    await until(events, find, (it) => it.count >= count, `event ${reason} of ${metadata.name}`);
  }

  private nic(index: number): string {
    return `${this.node}-nic${index}`;
  }
}

/** Of the first NIC. */
const FIRST_VF = "0000:01:10.0";
const SECOND_VF = "0000:01:10.2";

/** KubeVirt takes one device and refuses more, as one may whose own webhook does not like a list. */
async function installPickyKubeVirt({ client }: Lab): Promise<void> {
  await installKubeVirt(client);
  const list = { type: "array", maxItems: 1, items: ANYTHING };
  const schema = ["pciHostDevices", "permittedHostDevices", "configuration", "spec"].reduce<object>(
    (inner, name) => ({ ...ANYTHING, properties: { [name]: inner } }),
    list,
  );
  const name = kubeVirtKind().metadata.name;
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  const body = [{ op: "replace", path: "/spec/versions/0/schema/openAPIV3Schema", value: schema }];
  await client.raw({ method: "PATCH", path, body, contentType: "application/json-patch+json" });
}

const ANYTHING = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
