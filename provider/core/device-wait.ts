import { POD } from "../../api/core.js";
import { AGENT_POD_LABELS } from "../../api/names.js";
import { isUnmanaged, ReadyReason, readyCondition, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { type Verdict, waitFor, WaitTimeout } from "../../kube/wait.js";
import { countOwners, quoteAll } from "./field-ownership.js";
import type { Operation } from "./resource.js";

/** The agent refuses because VFs are in use; nothing was changed. */
export class VfsInUse extends Error {
  override readonly name = "VfsInUse";
}

/** The object is not there any more, or another one has its name. */
export class DeviceVanished extends Error {
  override readonly name = "DeviceVanished";
}

/** Silence after a change for this long means that the agent does not answer: it acknowledges at once. */
const SILENCE_MS = 5_000;

/** Waits until the agent reports the NIC ready with this many VFs. `applied` is the object as the change left it. */
export async function awaitCount(
  operation: Operation,
  applied: SriovNetworkDevice,
  numVfs: number,
): Promise<SriovNetworkDevice> {
  const { name } = applied.metadata;
  const informer = await operation.cluster.devices();
  informer.observe(applied);
  const silence = watchForSilence(operation, applied, () => informer.get(name));
  try {
    const ready = await waitFor(informer, () => countVerdict(informer.get(name), applied, numVfs), {
      deadline: operation.deadline,
      signal: operation.signal,
      onPending: (what) => operation.log.status(what),
    });
    operation.log.status(`${numVfs} ${numVfs === 1 ? "VF" : "VFs"}`);
    return ready;
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    throw new Error(
      `${name}: not ready with ${numVfs} VFs in time: ${silence.finding() ?? error.pending}. The change stands; the ` +
        `next up goes on from here. More time: customTimeouts.`,
      { cause: error },
    );
  } finally {
    silence.stop();
  }
}

/** Pure: is the NIC as it was asked to be? */
export function countVerdict(
  device: SriovNetworkDevice | undefined,
  applied: SriovNetworkDevice,
  numVfs: number,
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
    return failed(`${name}: the count was changed to ${wanted} by ${owners} while ${numVfs} was waited for`);
  }
  const ready = readyCondition(device);
  const answered = (device.status?.observedGeneration ?? 0) >= (applied.metadata.generation ?? 0);
  if (!answered || ready === undefined || isUnmanaged(device)) {
    return pending(`waiting for the agent on node ${device.spec.nodeName}`);
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
      return pending(`${ready.reason}: ${ready.message}`);
  }
}

interface SilenceWatch {
  /** What is known of the agent, where it has been silent. */
  finding(): string | undefined;
  stop(): void;
}

/** Says on the resource's row when the agent gives no answer, and what its pod looks like where it is one. */
function watchForSilence(
  operation: Operation,
  applied: SriovNetworkDevice,
  current: () => SriovNetworkDevice | undefined,
): SilenceWatch {
  const since = Date.now();
  let found: string | undefined;
  let stopped = false;
  const timer = setInterval(() => {
    const silent = (current()?.status?.observedGeneration ?? 0) < (applied.metadata.generation ?? 0);
    if (!silent) {
      found = undefined;
      return;
    }
    const seconds = Math.round((Date.now() - since) / 1_000);
    const first = found === undefined;
    found = `the agent on node ${applied.spec.nodeName} does not answer`;
    operation.log.status(`${found} (silent for ${seconds} s)`);
    if (!first) return;
    void describeAgent(operation, applied.spec.nodeName).then((words) => {
      // It may have answered meanwhile.
      if (stopped || found === undefined) return;
      found = words;
      operation.log.warn(words);
    });
  }, SILENCE_MS);
  return {
    finding: () => found,
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

async function describeAgent(operation: Operation, nodeName: string): Promise<string> {
  const silent = `the agent on node ${nodeName} does not answer`;
  const check = `check the reconciler on that node`;
  try {
    const selector = { labels: AGENT_POD_LABELS, fields: { "spec.nodeName": nodeName } };
    const [pod] = (await operation.cluster.client.list(POD, selector)).items;
    if (pod === undefined) return `${silent}; ${check}`;
    const ready = pod.status?.conditions?.find((condition) => condition.type === "Ready");
    const where = `its pod ${pod.metadata.namespace ?? ""}/${pod.metadata.name}`;
    if (ready?.status === "True") return `${silent}, though ${where} is ready; see the pod's log`;
    return `${silent}: ${where} is not ready (${[pod.status?.phase, ready?.reason, ready?.message].filter(Boolean).join(", ")})`;
  } catch {
    // Pods are only looked at to say more; that these credentials may not list them changes nothing.
    return `${silent}; ${check}`;
  }
}

function failed(message: string): Verdict<never> {
  return { state: "failed", error: new Error(message) };
}

function pending(what: string): Verdict<never> {
  return { state: "pending", what };
}
