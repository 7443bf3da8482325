import { Label, labelValue, pciDeviceName } from "../../../api/names.js";
import type { PciDevice } from "../../../api/pci-device.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { VirtualFunction } from "../../kernel/kernel.js";
import type { PciDeviceObjects } from "./pci-device-objects.js";
import type { PciIds } from "./pci-ids.js";
import { wantedVirtualFunction } from "./wanted-pci-device.js";

/** Keeps one PCIDevice for each VF of a NIC: made and deleted with the VFs, kept where somebody claims it. */
export class PciDevices {
  constructor(
    private readonly objects: PciDeviceObjects,
    private readonly ids: Pick<PciIds, "namesOf">,
  ) {}

  /** Resolves when the objects are as the VFs are. */
  async sync(parent: SriovNetworkDevice, virtualFunctions: readonly VirtualFunction[]): Promise<void> {
    const { nodeName } = parent.spec;
    const names = await this.ids.namesOf(virtualFunctions);
    const wanted = virtualFunctions.map((vf, index) =>
      wantedVirtualFunction(nodeName, parent.metadata.name, vf, names[index] ?? {}),
    );
    const present = new Set(wanted.map(({ name }) => name));
    const away = this.objects.list().filter((it) => isVfOf(parent, it) && !present.has(it.metadata.name));
    await this.objects.settle(wanted, away);
  }
}

/** The NIC's own PCIDevice never is, whatever labels somebody gave it. */
function isVfOf(parent: SriovNetworkDevice, { metadata: { name, labels = {} } }: PciDevice): boolean {
  const { address, nodeName } = parent.spec;
  if (labels[Label.parentDevice] !== labelValue(parent.metadata.name)) return false;
  return labels[Label.virtualFunction] !== "false" && name !== pciDeviceName(nodeName, address);
}
