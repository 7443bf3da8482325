import { pciDescription, type PciNames, pciResourceName } from "../../../api/pci-device-names.js";
import { Label, labelValue, pciDeviceName } from "../../../api/names.js";
import type { PciDevice, PciDeviceStatus } from "../../../api/pci-device.js";
import type { PciFunction } from "../../kernel/kernel.js";

/** A PCIDevice as it shall be. */
export interface WantedPciDevice {
  readonly name: string;
  /** Null for one that it must not have. Others are not ours. */
  readonly labels: Readonly<Record<string, string | null>>;
  readonly status: PciDeviceStatus;
}

/** A VF of a NIC, whose SriovNetworkDevice is called `parent`. Pure. */
export function wantedVirtualFunction(
  nodeName: string,
  parent: string,
  vf: PciFunction,
  names: PciNames,
): WantedPciDevice {
  const labels = { [Label.virtualFunction]: "true", [Label.parentDevice]: labelValue(parent) };
  return wanted(nodeName, vf, names, labels);
}

/** Any function that no NIC of ours has as a VF; the VFs of others among them. Pure. */
export function wantedFunction(
  nodeName: string,
  pciFunction: PciFunction,
  names: PciNames,
  isVirtual: boolean,
): WantedPciDevice {
  const labels = isVirtual
    ? { [Label.virtualFunction]: "true" }
    : { [Label.virtualFunction]: "false", [Label.parentDevice]: null };
  return wanted(nodeName, pciFunction, names, labels);
}

/** What an agent holds of a PCIDevice: all that it compares, and of hundreds no more than that. */
export function keptOfPciDevice({ metadata, status }: PciDevice): PciDevice {
  const { name, uid, resourceVersion, labels, ownerReferences } = metadata;
  return {
    metadata: {
      name,
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(labels && { labels }),
      ...(ownerReferences && { ownerReferences }),
    },
    ...(status && { status }),
  };
}

function wanted(
  nodeName: string,
  pciFunction: PciFunction,
  names: PciNames,
  labels: WantedPciDevice["labels"],
): WantedPciDevice {
  const { address, vendorId, deviceId, classId, iommuGroup = "", driver = "" } = pciFunction;
  return {
    name: pciDeviceName(nodeName, address),
    // A map of its own for each device: one that is shared lets one device's label leak onto the next.
    labels: { ...labels, [Label.nodeName]: labelValue(nodeName), [Label.absent]: null },
    status: {
      address,
      vendorId,
      deviceId,
      classId: classId.slice(0, 4),
      iommuGroup,
      nodeName,
      resourceName: pciResourceName(pciFunction, names),
      description: pciDescription(pciFunction, names),
      kernelDriverInUse: driver,
    },
  };
}
