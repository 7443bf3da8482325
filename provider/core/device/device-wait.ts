import {
  isUnmanaged,
  ReadyReason,
  readyCondition,
  type SriovNetworkDevice,
} from "../../../api/sriov-network-device.js";
import { type Verdict, waitFor } from "../../../kube/wait.js";
import { quoteAll } from "../field-manager.js";
import { countOwners } from "./field-ownership.js";
import type { Operation } from "../resource.js";
import { agentOf, type Answerer, watchForSilence } from "../silence.js";
import { inTime, waitOptions } from "../waiting.js";

/** The agent refuses because VFs are in use; nothing was changed. */
export class VfsInUse extends Error {
  override readonly name = "VfsInUse";
}

/** The object is not there any more, or another one has its name. */
export class DeviceVanished extends Error {
  override readonly name = "DeviceVanished";
}

/** Somebody else has set another count meanwhile. */
export class CountTaken extends Error {
  override readonly name = "CountTaken";
}

/** Waits until the NIC is told ready with this many VFs. `applied` is the object as the change left it. */
export async function awaitCount(
  operation: Operation,
  applied: SriovNetworkDevice,
  numVfs: number,
  answerer: Answerer,
  verdict = (device: SriovNetworkDevice | undefined) => countVerdict(device, applied, numVfs, answerer),
): Promise<SriovNetworkDevice> {
  const { name } = applied.metadata;
  const informer = await operation.cluster.devices();
  informer.observe(applied);
  const isSilent = (): boolean =>
    (informer.get(name)?.status?.observedGeneration ?? 0) < (applied.metadata.generation ?? 0);
  const silence = watchForSilence(operation, answerer, isSilent);
  try {
    const ready = await waitFor(informer, () => verdict(informer.get(name)), waitOptions(operation));
    operation.log.status(`${numVfs} ${numVfs === 1 ? "VF" : "VFs"}`);
    return ready;
  } catch (error) {
    const next = "The change stands; the next up goes on from here.";
    throw inTime(operation, error, `${name}: not ready with ${numVfs} VFs in time`, next, silence);
  } finally {
    silence.stop();
  }
}

/** Pure: is the NIC as it was asked to be? */
export function countVerdict(
  device: SriovNetworkDevice | undefined,
  applied: SriovNetworkDevice,
  numVfs: number,
  { who }: Pick<Answerer, "who"> = agentOf(applied.spec.nodeName),
): Verdict<SriovNetworkDevice> {
  if (device === undefined || device.metadata.uid !== applied.metadata.uid) {
    const { name } = applied.metadata;
    const error = new DeviceVanished(`${name} was deleted while it was changed. Run up again once it is back.`);
    return { state: "failed", error };
  }
  const { name } = device.metadata;
  const wanted = device.spec.numVFS ?? 0;
  if (wanted !== numVfs) {
    const owners = quoteAll(countOwners(device).map((entry) => entry.manager ?? "unknown"));
    const message = `${name}: the count was changed to ${wanted} by ${owners} while ${numVfs} was waited for`;
    return { state: "failed", error: new CountTaken(message) };
  }
  const ready = readyCondition(device);
  const answered = (device.status?.observedGeneration ?? 0) >= (applied.metadata.generation ?? 0);
  if (!answered || ready === undefined || isUnmanaged(device)) {
    return pending(`waiting for ${who}`);
  }
  const have = device.status?.virtualFunctions?.length ?? 0;
  if (ready.status === "True") {
    return have === numVfs ? { state: "satisfied", result: device } : pending(`${have} of ${numVfs} VFs`);
  }
  switch (ready.reason) {
    case ReadyReason.InUse:
      return { state: "failed", error: new VfsInUse(`${name}: ${ready.message}`) };
    case ReadyReason.DeviceGone:
      // Of a NIC that is not there, no VFs is what was asked for.
      return numVfs === 0 ? { state: "satisfied", result: device } : failed(`${name}: ${ready.message}`);
    case ReadyReason.TooManyVFs:
      return failed(`${name}: ${ready.message}`);
    default:
      return pending(`${ready.reason}: ${ready.message.replace(/\.$/, "")}; ${have} of ${numVfs} VFs`);
  }
}

function failed(message: string): Verdict<never> {
  return { state: "failed", error: new Error(message) };
}

function pending(what: string): Verdict<never> {
  return { state: "pending", what };
}
