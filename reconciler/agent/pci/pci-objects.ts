import type { Logger } from "pino";
import { Label, labelValue } from "../../../api/names.js";
import type { OwnerReference } from "../../../api/object.js";
import type { PciDevice } from "../../../api/pci-device.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import type { Kernel, PciAddress } from "../../kernel/kernel.js";
import type { Turns } from "../turns.js";
import type { Watches } from "../watches.js";
import { GivenVfs } from "./given-vfs.js";
import type { PciListing } from "./node-listing.js";
import { NodePciDevices } from "./node-pci-devices.js";
import { PciDeviceObjects } from "./pci-device-objects.js";
import { PciDevices } from "./pci-devices.js";
import { findPciIds, PciIds } from "./pci-ids.js";

export interface PciOptions {
  readonly nodeName: string;
  /** Default `sriov`. */
  readonly pciDevices?: PciListing;
  /** The pci.ids database. Default: where distributions put it. */
  readonly pciIds?: string | undefined;
  /** IDs, as `8086:1889`, of network functions that are VFs which this machine was given. Default none but those known. */
  readonly givenVfs?: readonly string[];
}

export interface PciObjectsParts {
  readonly client: KubeClient;
  readonly kernel: Kernel;
  readonly log: Logger;
  readonly watches: Pick<Watches, "pciDevices" | "claims">;
  readonly owner: () => OwnerReference | undefined;
  readonly turns: Turns<PciAddress>;
  /** The node's SriovNetworkDevices. */
  readonly devices: () => SriovNetworkDevice[];
}

/** All PCIDevices of a node: those of NICs' VFs, which each NIC's loop looks after, and the others. */
export class PciObjects {
  readonly ofNics: PciDevices;
  /** Those that this machine was given. */
  readonly given: GivenVfs;
  private readonly ofNode: NodePciDevices;
  private readonly objects: PciDeviceObjects;

  constructor(
    private readonly parts: PciObjectsParts,
    { nodeName, pciDevices: listing = "sriov", pciIds: file = findPciIds(), givenVfs = [] }: PciOptions,
  ) {
    const { client, kernel, log, watches, owner, devices, turns } = parts;
    const { pciDevices: informer, claims } = watches;
    const ids = new PciIds(file, (message) => log.warn(message));
    const isClaimed = (name: string): boolean => claims.get(name) !== undefined;
    const objects = new PciDeviceObjects({ client, informer, owner, isClaimed });
    this.ofNics = new PciDevices(objects, ids);
    const isAnyUnlisted = (): boolean =>
      claims
        .list()
        .some(({ spec, metadata }) => spec.nodeName === nodeName && informer.get(metadata.name) === undefined);
    this.given = new GivenVfs({ kernel, ids, listed: givenVfs });
    const { given } = this;
    this.ofNode = new NodePciDevices({ nodeName, listing, kernel, ids, objects, turns, devices, isAnyUnlisted, given });
    this.objects = objects;
  }

  /** Has whoever looks after a PCIDevice that is gone, or not claimed any more, do so: the NIC given, or else the node. */
  onLoss(wake: (parent: SriovNetworkDevice | undefined) => void): void {
    const { pciDevices, claims } = this.parts.watches;
    pciDevices.onChange((change) => {
      if (change.kind === "gone") wake(this.parentOf(change.object));
    });
    claims.onChange((change) => {
      const claimed = pciDevices.get(change.object.metadata.name);
      if (change.kind === "gone" && claimed !== undefined) wake(this.parentOf(claimed));
    });
  }

  /** Those that are no NIC's. */
  async syncNode(): Promise<void> {
    await this.ofNode.sync();
  }

  /** Has a PCIDevice tell of the driver that its function was given. */
  async tellDriver(object: PciDevice, driver: string): Promise<void> {
    await this.objects.tellDriver(object, driver);
  }

  async idle(): Promise<void> {
    await this.ofNode.idle();
  }

  private parentOf(object: PciDevice): SriovNetworkDevice | undefined {
    const parent = object.metadata.labels?.[Label.parentDevice];
    return this.parts.devices().find((device) => labelValue(device.metadata.name) === parent);
  }
}
