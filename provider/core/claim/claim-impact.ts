import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import type { Impact } from "../../../plan/impact/impact.js";

/** Pure: what becomes of a claimed device whose claim is deleted. The guard refuses it while a guest has the device. */
export function claimImpact({ metadata, spec, status }: PciDeviceClaim): Impact {
  const { usedBy = "", kernelDriverToUnbind = "" } = status ?? {};
  const driver = kernelDriverToUnbind === "" ? "given back" : `given back to ${kernelDriverToUnbind}`;
  return {
    object: metadata.name,
    kind: "claim",
    nodeName: spec.nodeName,
    change: driver,
    destroyed: 0,
    created: 0,
    inUse: usedBy === "" ? [] : [{ address: spec.address, usedBy }],
    outcome: usedBy === "" ? "none" : "refused",
  };
}
