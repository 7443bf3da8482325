import { AGENT_FIELD_MANAGER, Annotation, deviceName, Label, labelValue } from "../../../api/names.js";
import type { OwnerReference } from "../../../api/object.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { isConflict, isInvalid, isNotFound } from "../../../kube/errors.js";
import type { KubeClient } from "../../../kube/client.js";
import type { Informer } from "../../../kube/informer.js";
import type { DiscoveredDevice } from "./discover.js";

type NamedNic = Pick<DiscoveredDevice, "address" | "interfaceName">;

/** The SriovNetworkDevice objects of one node's NICs; a NIC is known by its PCI address, whatever its object is called. */
export class DeviceObjects {
  /** Names of objects that are not there yet, so that two NICs that are found at once never get one name. */
  private readonly beingMade = new Set<string>();

  constructor(
    private readonly client: KubeClient,
    private readonly informer: Informer<SriovNetworkDevice>,
    private readonly nodeName: string,
    private readonly node: () => OwnerReference | undefined,
  ) {}

  of(address: string): SriovNetworkDevice | undefined {
    return this.list().find((object) => object.spec.address === address);
  }

  /** The node's objects, oldest first. */
  list(): SriovNetworkDevice[] {
    const age = (object: SriovNetworkDevice): string => object.metadata.creationTimestamp ?? "";
    return this.informer
      .list()
      .filter((object) => object.spec.nodeName === this.nodeName)
      .sort((a, b) => (age(a) < age(b) ? -1 : 1));
  }

  /** Makes the object where there is none, and keeps its labels and annotations right. Never touches the VF count. */
  async ensure(device: NamedNic): Promise<void> {
    if (this.of(device.address) !== undefined) return this.refresh(device);
    const { address, interfaceName } = device;
    const taken = (name: string): boolean => this.informer.get(name) !== undefined || this.beingMade.has(name);
    const name = deviceName(this.nodeName, interfaceName, address, taken);
    this.beingMade.add(name);
    try {
      await this.apply(name, device);
    } catch (error) {
      // The name belongs to a NIC of another node: address and node name, which never change, are not this one's.
      const distinct = deviceName(this.nodeName, interfaceName, address, () => true);
      if (distinct === name || !(isConflict(error) || isInvalid(error))) throw error;
      await this.apply(distinct, device);
    } finally {
      this.beingMade.delete(name);
    }
  }

  /** Keeps labels and annotations of an object right that is there; makes none. */
  async refresh(device: NamedNic): Promise<void> {
    const known = this.of(device.address);
    if (known === undefined || known.metadata.deletionTimestamp !== undefined) return;
    if (!this.isCurrent(known, device)) await this.apply(known.metadata.name, device, known.metadata.uid);
  }

  /** For an object that went out of sight: deleted, or somebody took the label by which it is found. */
  async bringBack({ metadata: { name, uid } }: SriovNetworkDevice): Promise<void> {
    const metadata = { uid, labels: { [Label.nodeName]: labelValue(this.nodeName) } };
    const options = { fieldManager: AGENT_FIELD_MANAGER };
    try {
      this.informer.observe(await this.client.merge(SRIOV_NETWORK_DEVICE, name, { metadata }, options));
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  private async apply(name: string, device: NamedNic, uid?: string): Promise<void> {
    const owner = this.node();
    // An object of a Node that is gone would be collected at once.
    if (owner === undefined) return;
    const object = {
      metadata: {
        name,
        ...(uid !== undefined && { uid }),
        labels: { [Label.nodeName]: labelValue(this.nodeName) },
        annotations: { [Annotation.interfaceName]: this.lastName(device) },
        ownerReferences: [owner],
      },
      spec: { address: device.address, nodeName: this.nodeName },
    };
    // What another has changed of an object of ours is taken back; whose an object is that is there before, is not known.
    const options = { fieldManager: AGENT_FIELD_MANAGER, force: uid !== undefined };
    this.informer.observe(await this.client.apply(SRIOV_NETWORK_DEVICE, object, options));
  }

  /** Of a NIC whose interface is out of sight, in another network namespace say, the name that it had: policies select by it. */
  private lastName({ address, interfaceName }: NamedNic): string {
    return interfaceName || (this.of(address)?.metadata.annotations?.[Annotation.interfaceName] ?? "");
  }

  private isCurrent(known: SriovNetworkDevice, device: NamedNic): boolean {
    const { annotations, ownerReferences } = known.metadata;
    return (
      annotations?.[Annotation.interfaceName] === this.lastName(device) &&
      (ownerReferences ?? []).some((owner) => owner.uid === this.node()?.uid)
    );
  }
}
