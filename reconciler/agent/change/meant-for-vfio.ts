import { Label, labelValue } from "../../../api/names.js";
import type { PciDevice } from "../../../api/pci-device.js";
import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { isPciAddress, type PciAddress } from "../../kernel/kernel.js";

/**
 * Addresses of a NIC's VFs that guests are to have: those with a claim whose passthrough is enabled. A claim and its
 * PCIDevice outlive the VF, which is how VFs that are made anew are known to be meant. Pure.
 */
export function meantForVfio(
  device: SriovNetworkDevice,
  pciDevices: readonly PciDevice[],
  claims: readonly PciDeviceClaim[],
): ReadonlySet<PciAddress> {
  // A claim has the name of its PCIDevice.
  const claimed = new Set(
    claims.filter(({ status }) => status?.passthroughEnabled === true).map(({ metadata }) => metadata.name),
  );
  if (claimed.size === 0) return NONE;
  const parent = labelValue(device.metadata.name);
  const addresses = pciDevices
    .filter(({ metadata }) => metadata.labels?.[Label.parentDevice] === parent && claimed.has(metadata.name))
    .map(({ status }) => status?.address ?? "");
  return new Set(addresses.filter(isPciAddress));
}

const NONE: ReadonlySet<PciAddress> = new Set();
