import { Label, labelValue } from "../../../api/names.js";
import type { PciDevice } from "../../../api/pci-device.js";
import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { isPciAddress, type PciAddress } from "../../kernel/kernel.js";
import type { ClaimedVfs } from "./vf-groups.js";

/**
 * The NIC's VFs that guests are to have: those with a claim whose passthrough is enabled. A claim and its PCIDevice outlive
 * the VF, which is how VFs that are made anew are known to be meant. Pure.
 */
export function meantForVfio(
  device: SriovNetworkDevice,
  pciDevices: readonly PciDevice[],
  claims: readonly PciDeviceClaim[],
): ClaimedVfs {
  const enabled = claims.filter(({ status }) => status?.passthroughEnabled === true);
  if (enabled.length === 0) return NONE;
  // A claim has the name of its PCIDevice.
  const claimed = new Map(enabled.map((claim) => [claim.metadata.name, claim]));
  const parent = labelValue(device.metadata.name);
  const meant = pciDevices.flatMap(({ metadata, status }): [PciAddress, number | undefined][] => {
    const claim = claimed.get(metadata.name);
    const { address = "" } = status ?? {};
    const isOfNic = metadata.labels?.[Label.parentDevice] === parent;
    if (claim === undefined || !isOfNic || !isPciAddress(address)) return [];
    return [[address, claim.status?.virtualFunction?.index]];
  });
  return new Map(meant);
}

const NONE: ClaimedVfs = new Map();
