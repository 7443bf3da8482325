import { PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import type { Impact } from "../../../plan/impact/impact.js";
import { KindMissing } from "../missing-kind.js";
import { findObject, isLastOwner } from "../owned-object.js";
import type { Beside, Operation } from "../resource.js";
import { givingImpact } from "./claim-impact.js";
import type { ClaimInputs } from "./claim-inputs.js";
import type { ClaimOutputs } from "./claim-outputs.js";

/** What a delete of the resource would take from whom now. A claim that another resource wants too stays. */
export async function foreseeClaimDelete(
  { cluster, signal }: Operation,
  id: string,
  olds: Partial<ClaimOutputs>,
  { successors = [], gone }: Beside<ClaimInputs> = {},
): Promise<readonly Impact[]> {
  await cluster.refuseStranger(olds.clusterUid);
  if (successors.some(({ claimName }) => claimName === id)) return [];
  const live = await findObject(cluster.client, PCI_DEVICE_CLAIM, { name: id }, signal).catch((error: unknown) => {
    if (error instanceof KindMissing) return undefined;
    throw error;
  });
  if (live === undefined || !isLastOwner(live, olds.fieldManager ?? "", gone)) return [];
  return [givingImpact(live, await cluster.deviceDialect())];
}
