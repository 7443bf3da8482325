import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { isConflict, messageOf } from "../../../kube/errors.js";
import { planVfCount, usedVfs } from "../../../plan/vf-count.js";
import { isMintedFrom } from "../field-manager.js";
import type { Operation } from "../resource.js";
import { presentVfs } from "./device-outputs.js";
import { DeviceVanished } from "./device-wait.js";
import { describeUsed, DisruptionRefused } from "./disruption.js";
import { conflictMessage, type CountOwner, countOwners, OwnershipConflict } from "./field-ownership.js";
import { HARVESTER_NETWORK_DEVICE } from "./harvester-object.js";
import { HarvesterView } from "./harvester-view.js";

/**
 * Counts in Harvester's objects. Nothing there guards them, so owners and users are looked at first, and the write is for the
 * object as it was looked at: one that has changed meanwhile is looked at again.
 */

/** Looks at the live object and writes what leads to the count: 0 where the NIC has another count of VFs. */
export async function takeHarvesterCount(
  operation: Operation,
  device: SriovNetworkDevice,
  numVfs: number,
  owner: CountOwner,
): Promise<SriovNetworkDevice> {
  return onceUnchanged(operation, device, async (live) => {
    refuseOverruling(live, numVfs, owner);
    await refuseDisruption(operation, live, numVfs, owner.disrupt);
    const count = firstStep(live, numVfs);
    return explained(live, numVfs, () => writeCount(operation, live, count, owner.fieldManager));
  });
}

/** Pure: the count to ask for first. Linux goes from one to another by way of 0 alone, and Harvester does not do it by itself. */
export function firstStep(live: SriovNetworkDevice, numVfs: number): number {
  const present = live.status?.vfAddresses?.length ?? 0;
  return present === 0 || present === numVfs ? numVfs : 0;
}

/** Sets the count as this manager, taking it from any other; without a count, lets go of it. The object must be as `live` is. */
export async function writeCount(
  { cluster, signal }: Operation,
  live: SriovNetworkDevice,
  count: number | undefined,
  fieldManager: string,
): Promise<SriovNetworkDevice> {
  const { name, uid, resourceVersion } = live.metadata;
  const object = { metadata: { name, uid, resourceVersion }, ...(count !== undefined && { spec: { numVFs: count } }) };
  const options = { fieldManager, force: true, signal };
  const view = await HarvesterView.of(cluster);
  return view.learn(await cluster.client.apply(HARVESTER_NETWORK_DEVICE, object, options));
}

/** Does `write` with the live object, and once more with it as it is then where it has changed in between. */
export async function onceUnchanged<R>(
  { cluster, signal }: Operation,
  device: SriovNetworkDevice,
  write: (live: SriovNetworkDevice) => Promise<R>,
): Promise<R> {
  const view = await HarvesterView.of(cluster);
  for (let attempt = 1; ; attempt++) {
    const { name, uid } = device.metadata;
    const live = view.learn(await cluster.client.get(HARVESTER_NETWORK_DEVICE, name, { signal }));
    if (live.metadata.uid !== uid)
      throw new DeviceVanished(`${name} was deleted and made anew meanwhile. Nothing was changed. Run up again.`);
    try {
      return await write(live);
    } catch (error) {
      // The controller writes status at any time.
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

const MAX_ATTEMPTS = 5;

/** @throws {OwnershipConflict} where another owner wants another count. */
export function refuseOverruling(live: SriovNetworkDevice, numVfs: number, owner: CountOwner): void {
  if (owner.force || live.spec.numVFS === numVfs) return;
  // A change of this resource that was cut off half-way has left 0.
  const isOwn = (manager: string): boolean =>
    manager === owner.fieldManager || (live.spec.numVFS === 0 && isMintedFrom(owner.urn, manager));
  const others = countOwners(live)
    .map(({ manager }) => manager ?? "unknown")
    .filter((manager) => !isOwn(manager));
  if (others.length > 0) throw new OwnershipConflict(conflictMessage(live, numVfs, others, "refused"));
}

/** @throws {DisruptionRefused} where VFs go that a claim is for, and that may not be. */
export async function refuseDisruption(
  { cluster, signal }: Operation,
  live: SriovNetworkDevice,
  numVfs: number,
  allow: boolean,
): Promise<void> {
  if (allow || planVfCount(presentVfs(live), numVfs).destroyed.length === 0) return;
  const view = await HarvesterView.of(cluster);
  const now = await view.withUsers(cluster.client, live, signal);
  const used = usedVfs(planVfCount(presentVfs(now), numVfs));
  if (used.length === 0) return;
  throw new DisruptionRefused(
    `${unchanged(live, numVfs)}: ${describeUsed(used)}. Nothing was changed. ${HARVESTER_WAYS_OUT}`,
  );
}

/** What to do where claims are in the way. */
export const HARVESTER_WAYS_OUT = `Delete these claims, or set onVfsInUse: "proceed", which Harvester's webhook, where it is installed, refuses none the less.`;

/** What Harvester's webhook says to a count of 0, if it is installed, in the words of a program. */
export async function explained<R>(live: SriovNetworkDevice, numVfs: number, write: () => Promise<R>): Promise<R> {
  try {
    return await write();
  } catch (error) {
    const [, said] = /denied the request: ([^]*pcideviceclaims[^]*)$/.exec(messageOf(error)) ?? [];
    if (said === undefined) throw error;
    throw new DisruptionRefused(
      `${unchanged(live, numVfs)}: Harvester's webhook refuses it: ${said}. Nothing was changed. Delete these claims: ` +
        `whatever onVfsInUse says, Harvester lets no VF go that is claimed.`,
      { cause: error },
    );
  }
}

function unchanged(live: SriovNetworkDevice, numVfs: number): string {
  return `${live.metadata.name}: numVfs was not changed from ${presentVfs(live).numVfs} to ${numVfs}`;
}
