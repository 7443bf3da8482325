import { AGENT_FIELD_MANAGER, Annotation, deviceName, Label, labelValue } from "../../../api/names.js";
import type { OwnerReference } from "../../../api/object.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { ApiError, isConflict, isNotFound } from "../../../kube/errors.js";
import type { KubeClient } from "../../../kube/client.js";
import type { Informer } from "../../../kube/informer.js";
import type { DiscoveredDevice } from "./discover.js";

/** The SriovNetworkDevice objects of one node's NICs; a NIC is known by its PCI address, whatever its object is called. */
export class DeviceObjects {
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
      .sort((a, b) => age(a).localeCompare(age(b)));
  }

  /** Makes the object where there is none, and keeps its labels and annotations right. Never touches the VF count. */
  async ensure(device: DiscoveredDevice): Promise<void> {
    const known = this.of(device.address);
    if (known !== undefined) {
      if (!this.isCurrent(known, device)) await this.apply(known.metadata.name, device, known.metadata.uid);
      return;
    }
    const name = deviceName(this.nodeName, device.interfaceName, device.address, () => false);
    try {
      await this.apply(name, device);
    } catch (error) {
      // The name belongs to another NIC: its address or node name, which never change, are not this one's.
      if (!isConflict(error) && !(error instanceof ApiError && error.httpStatus === 422)) throw error;
      await this.apply(
        deviceName(this.nodeName, device.interfaceName, device.address, () => true),
        device,
      );
    }
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

  private async apply(name: string, device: DiscoveredDevice, uid?: string): Promise<void> {
    const owner = this.node();
    // An object of a Node that is gone would be collected at once.
    if (owner === undefined) return;
    const object = {
      metadata: {
        name,
        ...(uid !== undefined && { uid }),
        labels: { [Label.nodeName]: labelValue(this.nodeName) },
        annotations: { [Annotation.interfaceName]: device.interfaceName },
        ownerReferences: [owner],
      },
      spec: { address: device.address, nodeName: this.nodeName },
    };
    this.informer.observe(await this.client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager: AGENT_FIELD_MANAGER }));
  }

  private isCurrent(known: SriovNetworkDevice, device: DiscoveredDevice): boolean {
    const { annotations, ownerReferences } = known.metadata;
    return (
      annotations?.[Annotation.interfaceName] === device.interfaceName &&
      (ownerReferences ?? []).some((owner) => owner.uid === this.node()?.uid)
    );
  }
}
