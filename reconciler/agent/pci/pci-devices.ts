import { isDeepStrictEqual } from "node:util";
import { AGENT_FIELD_MANAGER, Label, labelValue, pciDeviceName } from "../../../api/names.js";
import type { OwnerReference } from "../../../api/object.js";
import { PCI_DEVICE, type PciDevice, type PciDeviceStatus } from "../../../api/pci-device.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { isConflict, isNotFound } from "../../../kube/errors.js";
import type { Informer } from "../../../kube/informer.js";
import type { VirtualFunction } from "../../kernel/kernel.js";

/** Keeps one PCIDevice for each VF of a NIC: created and deleted with the VFs, written only where something differs. */
export class PciDevices {
  constructor(
    private readonly client: KubeClient,
    private readonly informer: Informer<PciDevice>,
    private readonly node: () => OwnerReference | undefined,
  ) {}

  /** Resolves when the objects are as the VFs are. */
  async sync(parent: SriovNetworkDevice, virtualFunctions: readonly VirtualFunction[]): Promise<void> {
    const owner = this.node();
    // An object of a Node that is gone would be collected at once.
    if (owner === undefined) return;
    const wanted = virtualFunctions.map((vf) => render(owner, parent, vf));
    const names = new Set(wanted.map((object) => object.metadata.name));
    const parentLabel = labelValue(parent.metadata.name);
    const surplus = this.informer
      .list()
      .filter((object) => object.metadata.labels?.[Label.parentDevice] === parentLabel)
      .filter((object) => !names.has(object.metadata.name));
    await Promise.all([
      ...wanted.map((object) => this.ensure(object)),
      ...surplus.map((object) => this.remove(object)),
    ]);
  }

  private async ensure(wanted: PciDevice): Promise<void> {
    const known = this.informer.get(wanted.metadata.name);
    const present = known ?? (await this.create(wanted));
    const labels = { ...present.metadata.labels, ...wanted.metadata.labels };
    const { ownerReferences } = wanted.metadata;
    const owned = isDeepStrictEqual(present.metadata.ownerReferences, ownerReferences);
    if (!owned || !isDeepStrictEqual(present.metadata.labels, labels)) {
      const metadata = { labels: wanted.metadata.labels, ownerReferences };
      const options = { fieldManager: AGENT_FIELD_MANAGER };
      await this.observed(this.client.merge(PCI_DEVICE, wanted.metadata.name, { metadata }, options));
    }
    if (isDeepStrictEqual(present.status, wanted.status)) return;
    const options = { fieldManager: AGENT_FIELD_MANAGER, subresource: "status" as const };
    await this.observed(this.client.merge(PCI_DEVICE, wanted.metadata.name, { status: wanted.status }, options));
  }

  /** The informer hears of our own writes at once, so that the next pass works on what this one left. */
  private async observed(written: Promise<PciDevice>): Promise<PciDevice> {
    const object = await written;
    this.informer.observe(object);
    return object;
  }

  private async create(wanted: PciDevice): Promise<PciDevice> {
    const { metadata, spec } = wanted;
    try {
      return await this.observed(
        this.client.create(PCI_DEVICE, { metadata, ...(spec && { spec }) }, { fieldManager: AGENT_FIELD_MANAGER }),
      );
    } catch (error) {
      // The informer has not heard of it yet: one that this agent made just before it was killed, or another's.
      if (isConflict(error)) return this.observed(this.client.get(PCI_DEVICE, wanted.metadata.name));
      throw error;
    }
  }

  private async remove(object: PciDevice): Promise<void> {
    try {
      await this.client.delete(PCI_DEVICE, object.metadata.name, { uid: object.metadata.uid });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    this.informer.forget(object);
  }
}

function render(owner: OwnerReference, parent: SriovNetworkDevice, vf: VirtualFunction): PciDevice {
  const { nodeName } = parent.spec;
  return {
    metadata: {
      name: pciDeviceName(nodeName, vf.address),
      labels: { [Label.nodeName]: labelValue(nodeName), [Label.parentDevice]: labelValue(parent.metadata.name) },
      ownerReferences: [owner],
    },
    spec: {},
    status: pciDeviceStatus(nodeName, vf),
  };
}

function pciDeviceStatus(nodeName: string, vf: VirtualFunction): PciDeviceStatus {
  return {
    address: vf.address,
    vendorId: vf.vendorId,
    deviceId: vf.deviceId,
    classId: vf.classId.slice(0, 4),
    iommuGroup: vf.iommuGroup ?? "",
    nodeName,
    resourceName: "",
    description: `Ethernet controller: Virtual Function ${vf.vendorId}:${vf.deviceId}`,
    kernelDriverInUse: vf.driver ?? "",
  };
}
