import type { PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { type Entry, keyOf } from "./own-entries.js";
import type { Wanted } from "./plan-list.js";

/**
 * The claims whose devices virtual machines may ask for. One that is being released stays among them while its device
 * is bound: a virtual machine has it that may start again.
 */
export function offered(claims: readonly PciDeviceClaim[]): PciDeviceClaim[] {
  return claims.filter(({ status }) => status?.passthroughEnabled === true && Boolean(status.resourceName));
}

/**
 * What these claims ask of KubeVirt's list: one entry for each kind of device under a name, however many claims share it.
 * Pure; always in the same order.
 *
 * @param selectorOf undefined where the kind of device is not known.
 */
export function wantedOf(
  claims: readonly PciDeviceClaim[],
  selectorOf: (claim: PciDeviceClaim) => string | undefined,
): Wanted {
  const entries = new Map<string, Entry>();
  const undecided = new Set<string>();
  for (const claim of offered(claims)) {
    const resourceName = claim.status?.resourceName ?? "";
    const pciVendorSelector = selectorOf(claim);
    if (pciVendorSelector === undefined) undecided.add(resourceName);
    else entries.set(keyOf({ pciVendorSelector, resourceName }), { pciVendorSelector, resourceName });
  }
  const inOrder = [...entries].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, entry]) => entry);
  return { entries: inOrder, undecided };
}
