import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { PciDevice } from "../../../api/pci-device.js";
import { isPciAddress, type Kernel, type PciAddress } from "../../kernel/kernel.js";
import { runBounded } from "../../service/bounded.js";
import type { Turns } from "../turns.js";
import type { GivenVfs } from "./given-vfs.js";
import { listNode, objectsWithoutNic, type PciListing } from "./node-listing.js";
import type { PciDeviceObjects } from "./pci-device-objects.js";
import type { PciIds } from "./pci-ids.js";
import { wantedFunction } from "./wanted-pci-device.js";

export interface NodePciDevicesParts {
  readonly nodeName: string;
  readonly listing: PciListing;
  readonly kernel: Pick<Kernel, "pciFunctions">;
  readonly ids: Pick<PciIds, "namesOf">;
  readonly objects: PciDeviceObjects;
  /** Of those who claim functions. */
  readonly turns: Turns<PciAddress>;
  /** Whether somebody claims a function of the node that has no PCIDevice. */
  readonly isAnyUnlisted: () => boolean;
  /** VFs that this machine was given. */
  readonly given: Pick<GivenVfs, "has" | "list">;
  /** The node's SriovNetworkDevices. */
  readonly devices: () => readonly SriovNetworkDevice[];
}

const REMOVED_AT_ONCE = 8;

/**
 * The PCIDevices of a node that belong to no SriovNetworkDevice: where all of the node's functions are to be listed, all
 * the others; else those that are claimed, VFs that this machine was given, and what is left of such.
 */
export class NodePciDevices {
  private running: Promise<void> | undefined;
  private again = false;

  constructor(private readonly parts: NodePciDevicesParts) {}

  /** Looks at the node's functions now. A look that is under way is followed by another. */
  sync(): Promise<void> {
    this.again = true;
    this.running ??= this.run();
    return this.running;
  }

  /** Resolves when nothing is under way, whatever came of it. */
  async idle(): Promise<void> {
    await this.running?.catch(() => undefined);
  }

  private async run(): Promise<void> {
    try {
      while (this.again) {
        this.again = false;
        await this.pass();
      }
    } finally {
      // Not after this function has returned: who asks in between would be forgotten.
      this.running = undefined;
    }
  }

  private async pass(): Promise<void> {
    const { nodeName, listing, kernel, ids, objects, given } = this.parts;
    const known = () => ({ nodeName, listing, objects: objects.list(), devices: this.parts.devices() });
    // Hundreds of files are not read where nothing can come of it.
    const isAny = objectsWithoutNic(known()).length > 0 || given.list().length > 0 || this.parts.isAnyUnlisted();
    if (listing === "sriov" && !isAny) return;
    const functions = await kernel.pciFunctions();
    const isClaimed = (name: string): boolean => objects.isClaimed(name);
    const isGiven = (address: PciAddress): boolean => given.has(address);
    const { listed, surplus } = listNode({ ...known(), functions, isClaimed, isGiven });
    const away = new Set(surplus.filter(({ metadata }) => isClaimed(metadata.name)));
    const names = await ids.namesOf(listed);
    const wanted = listed.map((it, index) =>
      wantedFunction(nodeName, it, names[index] ?? {}, it.physicalFunction !== undefined || isGiven(it.address)),
    );
    await objects.settle(wanted, []);
    await runBounded(
      surplus.map((object) => () => this.remove(object, away.has(object))),
      REMOVED_AT_ONCE,
    );
  }

  /**
   * When it is nobody else's turn: a claim that has come meanwhile, and been given this object as its owner, would go with
   * it. `isAway`: it was claimed before, and stays though there is no such function.
   */
  private async remove(object: PciDevice, isAway: boolean): Promise<void> {
    const { objects, turns } = this.parts;
    const remove = async (): Promise<void> => {
      if (!isAway && objects.isClaimed(object.metadata.name)) this.again = true;
      else await objects.settle([], [object]);
    };
    const address = object.status?.address ?? "";
    await (isPciAddress(address) ? turns.take(address, remove) : remove());
  }
}
