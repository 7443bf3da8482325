import { isPolicyFieldManager, isProviderFieldManager } from "../../../api/names.js";
import type { ManagedFieldsEntry } from "../../../api/object.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { conflictingManagers, isConflict } from "../../../kube/errors.js";
import { disruptionAnnotation, explainRefusal } from "./disruption.js";
import { isMintedFrom, quoteAll } from "../field-manager.js";

/**
 * Who owns `spec.numVFS`. Every resource owns that one field under a field manager of its own, so that a delete takes the
 * number back exactly if nobody else owns it.
 */

/** The count has other owners, who would be overruled. */
export class OwnershipConflict extends Error {
  override readonly name = "OwnershipConflict";
}

export interface CountOwner {
  readonly fieldManager: string;
  readonly urn: string;
  /** Take the field from whoever owns it. */
  readonly force: boolean;
  /** Let VFs go though they are in use. */
  readonly disrupt: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sets the count, and nothing that stays beside it, as the owner's manager.
 *
 * @throws {OwnershipConflict} @throws {DisruptionRefused} Nothing was changed.
 */
export async function takeCount(
  client: KubeClient,
  device: SriovNetworkDevice,
  numVfs: number,
  owner: CountOwner,
): Promise<SriovNetworkDevice> {
  const { name, uid } = device.metadata;
  const permission = disruptionAnnotation(device, numVfs, owner.disrupt);
  const object = { metadata: { name, uid, ...permission }, spec: { numVFS: numVfs } };
  const options = { fieldManager: owner.fieldManager, signal: owner.signal };
  try {
    return await client.apply(SRIOV_NETWORK_DEVICE, object, { ...options, force: owner.force });
  } catch (error) {
    // A conflict without managers is about the object's uid: it was deleted and made anew.
    if (!isConflict(error) || conflictingManagers(error).length === 0) {
      throw await explainRefusal(client, device, numVfs, owner.disrupt, error);
    }
    // Not even a manager that was minted from this very URN is overruled: a stack elsewhere can have the same URN.
    throw new OwnershipConflict(conflictMessage(device, numVfs, conflictingManagers(error), "refused"), {
      cause: error,
    });
  }
}

/** Lets go of managers that earlier, interrupted creates of the same resource have left. */
export async function releaseForerunners(
  client: KubeClient,
  device: SriovNetworkDevice,
  owner: CountOwner,
): Promise<void> {
  const forerunners = countOwners(device)
    .map((entry) => entry.manager ?? "")
    .filter((manager) => isMintedFrom(owner.urn, manager) && manager !== owner.fieldManager);
  // The count stays, since it is the owner's by now.
  for (const fieldManager of forerunners)
    await releaseCount(client, device, { ...owner, fieldManager, disrupt: false });
}

/**
 * Lets go of the count: the API server puts it back to its default, 0, exactly if nobody else owns it. The object's uid
 * goes along, so that an object that vanished is not made anew.
 *
 * @throws {DisruptionRefused} Nothing was changed.
 */
export async function releaseCount(
  client: KubeClient,
  device: SriovNetworkDevice,
  { fieldManager, disrupt, signal }: Omit<CountOwner, "urn" | "force">,
): Promise<SriovNetworkDevice> {
  const { name, uid } = device.metadata;
  // Where another owner keeps the count, there is nothing to allow.
  const permission = disruptionAnnotation(device, 0, disrupt && countAfterRelease(device, fieldManager) === 0);
  const object = { metadata: { name, uid, ...permission } };
  try {
    return await client.apply(SRIOV_NETWORK_DEVICE, object, { fieldManager, force: true, signal });
  } catch (error) {
    throw await explainRefusal(client, device, 0, disrupt, error);
  }
}

/** Pure: the count that is left once the manager has let go of it, and those of `gone` before it. */
export function countAfterRelease(
  device: SriovNetworkDevice,
  fieldManager: string,
  gone: ReadonlySet<string> = new Set<string>(),
): number {
  const owners = countOwners(device).map((entry) => entry.manager ?? "unknown");
  const others = owners.filter((owner) => owner !== fieldManager && !gone.has(owner));
  return owners.includes(fieldManager) && others.length === 0 ? 0 : (device.spec.numVFS ?? 0);
}

/** The managers that own the count now. */
export function countOwners(device: SriovNetworkDevice): readonly ManagedFieldsEntry[] {
  return (device.metadata.managedFields ?? []).filter(
    (entry) => entry.fieldsV1?.["f:spec"]?.["f:numVFS"] !== undefined,
  );
}

/**
 * Managers that own the count, without those of the resource `urn`; where `urn` is not given, without those of all
 * resources.
 */
export function foreignOwners(device: SriovNetworkDevice, urn: string | undefined): readonly string[] {
  const isOwn = (manager: string): boolean =>
    urn === undefined ? isProviderFieldManager(manager) : isMintedFrom(urn, manager);
  return countOwners(device)
    .map((entry) => entry.manager ?? "unknown")
    .filter((manager) => !isOwn(manager));
}

/** Who has set the count, what that means for the change to `numVfs`, and what to do about it. */
export function conflictMessage(
  device: SriovNetworkDevice,
  numVfs: number,
  managers: readonly string[],
  when: "refused" | "foreseen",
): string {
  const { owners, letGo } = describeOwners(device, managers);
  const meaning =
    when === "refused" ? `so it was not changed to ${numVfs}` : `so up will be refused to change it to ${numVfs}`;
  return (
    `${device.metadata.name}: ${countField(device)} is owned by ${owners}, which has set it to ${device.spec.numVFS ?? 0}, ${meaning}. ` +
    `Set forceConflicts: true to take the number over, or ${letGo}.`
  );
}

/** Where the count stands in the NIC's own object. */
export function countField({ kind }: SriovNetworkDevice): string {
  return kind === undefined || kind === SRIOV_NETWORK_DEVICE.kind ? "spec.numVFS" : "spec.numVFs";
}

/** Managers of a count, in words, and what makes them let go of it: of the controller's, the policies that it is for. */
export function describeOwners(
  device: SriovNetworkDevice,
  managers: readonly string[],
): { readonly owners: string; readonly letGo: string } {
  const controllers = managers.filter(isPolicyFieldManager);
  if (controllers.length === 0) {
    const quoted = quoteAll(managers);
    return { owners: `field manager ${quoted}`, letGo: `have ${quoted} let go of it` };
  }
  const names = [...new Set((device.spec.vfGroups ?? []).map(({ policyName }) => policyName))];
  const others = managers.filter((manager) => !isPolicyFieldManager(manager));
  const policies = names.length === 0 ? "a SriovNetworkNodePolicy" : `SriovNetworkNodePolicy ${quoteAll(names)}`;
  const beside = others.length === 0 ? "" : ` and field manager ${quoteAll(others)}`;
  const release = others.length === 0 ? "" : `, and have ${quoteAll(others)} let go of it`;
  return {
    owners: `${policies} (field manager ${quoteAll(controllers)})${beside}`,
    letGo: `change numVfs there or have ${names.length > 1 ? "them" : "it"} select other NICs${release}`,
  };
}
