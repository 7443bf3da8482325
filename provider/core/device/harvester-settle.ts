import { ReadyReason, readyCondition, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { isNotFound } from "../../../kube/errors.js";
import { type Verdict, WaitTimeout } from "../../../kube/wait.js";
import { isMintedFrom } from "../field-manager.js";
import type { Operation } from "../resource.js";
import type { Answerer } from "../silence.js";
import { presentVfs } from "./device-outputs.js";
import { awaitCount, countVerdict, DeviceVanished } from "./device-wait.js";
import { type CountOwner, countOwners } from "./field-ownership.js";
import { onceUnchanged, refuseOverruling, writeCount } from "./harvester-write.js";

/** Harvester's controller has found other VFs than it was to make, and stays at that: the kernel answers EBUSY for ever. */
class Stuck extends Error {
  override readonly name = "Stuck";
}

/** Carries a change to its end that {@link takeHarvesterCount} has begun: from 0 on to the count, once the VFs are gone. */
export async function settleHarvesterCount(
  operation: Operation,
  taken: SriovNetworkDevice,
  numVfs: number,
  owner: CountOwner,
  answerer: Answerer,
): Promise<SriovNetworkDevice> {
  await releaseForerunners(operation, taken, owner);
  let applied = taken;
  for (;;) {
    const step = applied.spec.numVFS ?? 0;
    try {
      const settled = await awaitStep(operation, applied, numVfs, answerer);
      if (step === numVfs) return settled;
      applied = await onceUnchanged(operation, settled, (live) => {
        refuseOverruling(live, numVfs, owner);
        return writeCount(operation, live, numVfs, owner.fieldManager);
      });
    } catch (error) {
      if (isNotFound(error)) throw new DeviceVanished(`${taken.metadata.name} was deleted while it was changed.`);
      if (!(error instanceof Stuck)) throw inHarvestersTerms(error, answerer);
      applied = await onceUnchanged(operation, applied, (live) => writeCount(operation, live, 0, owner.fieldManager));
    }
  }
}

/** Waits for the count that is asked for now, on the way to `numVfs`. */
function awaitStep(
  operation: Operation,
  applied: SriovNetworkDevice,
  numVfs: number,
  answerer: Answerer,
): Promise<SriovNetworkDevice> {
  const step = applied.spec.numVFS ?? 0;
  return awaitCount(operation, applied, step, answerer, (device) =>
    harvesterVerdict(countVerdict(device, applied, step, answerer), device, numVfs),
  );
}

/** Pure: what `verdict`, of the count that is asked for now, is on the way to `numVfs`. */
export function harvesterVerdict(
  verdict: Verdict<SriovNetworkDevice>,
  device: SriovNetworkDevice | undefined,
  numVfs: number,
): Verdict<SriovNetworkDevice> {
  if (device === undefined || verdict.state === "failed") return verdict;
  const asked = device.spec.numVFS ?? 0;
  const present = presentVfs(device).numVfs;
  if (asked === 0 && numVfs > 0 && device.status?.status === "sriovNetworkDeviceEnabled")
    return { state: "pending", what: `step 1 of 2, down to 0 VFs: ${present} are there still` };
  if (asked > 0 && present > 0 && present !== asked)
    return { state: "failed", error: new Stuck(`${present} VFs are in the way of ${asked}`) };
  if (verdict.state === "satisfied") return verdict;
  const ready = readyCondition(device);
  if (ready?.reason === ReadyReason.NotListed) return { state: "pending", what: ready.message };
  return { state: "pending", what: `${present} of ${asked} VFs; ${verdict.what}` };
}

/** Lets go of managers that earlier, interrupted creates of the same resource have left; the count stays. */
async function releaseForerunners(operation: Operation, taken: SriovNetworkDevice, owner: CountOwner): Promise<void> {
  const managers = countOwners(taken).map(({ manager = "" }) => manager);
  for (const manager of managers.filter((name) => isMintedFrom(owner.urn, name) && name !== owner.fieldManager))
    await onceUnchanged(operation, taken, (live) => writeCount(operation, live, undefined, manager));
}

/** Of a time-out: where Harvester says why, and what the reason may be, which no object tells. */
function inHarvestersTerms(error: unknown, { who }: Answerer): unknown {
  if (!(error instanceof Error) || !(error.cause instanceof WaitTimeout)) return error;
  return new Error(
    `${error.message} Why, ${who} says in its log alone: it takes any count, and does not tell how many VFs a NIC supports ` +
      `(cat /sys/bus/pci/devices/<address>/sriov_totalvfs on the node).`,
    { cause: error.cause },
  );
}
