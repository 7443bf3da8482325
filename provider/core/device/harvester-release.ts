import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { Operation } from "../resource.js";
import type { Released } from "./device-dialect.js";
import { countOwners } from "./field-ownership.js";
import { RELEASING_FIELD_MANAGER } from "./harvester-object.js";
import { explained, onceUnchanged, refuseDisruption, writeCount } from "./harvester-write.js";

/**
 * Lets go of the count. Its CRD has no default that the API server could put it back to, so 0 is written where nobody else owns
 * it, under a manager that stands for nobody.
 */
export function releaseHarvesterCount(
  operation: Operation,
  device: SriovNetworkDevice,
  { fieldManager, disrupt }: Released,
): Promise<SriovNetworkDevice> {
  return onceUnchanged(operation, device, async (live) => {
    const owners = countOwners(live).map(({ manager }) => manager);
    if (!owners.includes(fieldManager)) return live;
    if (owners.length > 1) return writeCount(operation, live, undefined, fieldManager);
    await refuseDisruption(operation, live, 0, disrupt);
    const zero = await explained(live, 0, () => writeCount(operation, live, 0, RELEASING_FIELD_MANAGER));
    // A count that was 0 already has both owners now.
    return isOwner(zero, fieldManager) ? writeCount(operation, zero, undefined, fieldManager) : zero;
  });
}

function isOwner(device: SriovNetworkDevice, fieldManager: string): boolean {
  return countOwners(device).some(({ manager }) => manager === fieldManager);
}
