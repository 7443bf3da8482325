import {
  isUnmanaged,
  ReadyReason,
  readyCondition,
  type SriovNetworkDevice,
} from "../../../api/sriov-network-device.js";
import { type Verdict, waitFor, WaitTimeout } from "../../../kube/wait.js";
import { presentVfs } from "../device/device-outputs.js";
import type { Operation } from "../resource.js";
import { waitOptions } from "../waiting.js";
import type { PolicyPlace } from "./policy-dialect.js";

/** Waits until the controller has taken the policy's VFs from the NICs, and their agents have carried it out. */
export async function awaitDevicesReleased(
  operation: Operation,
  { name }: PolicyPlace,
  nics: readonly string[],
): Promise<void> {
  const informer = await operation.cluster.devices();
  const condition = (): Verdict<undefined> => {
    const waiting = nics.flatMap((nic) => {
      const device = informer.get(nic);
      const what = device === undefined ? undefined : leftOf(name, device);
      return what === undefined ? [] : [`${nic}: ${what}`];
    });
    if (waiting.length === 0) return { state: "satisfied", result: undefined };
    const done = nics.length - waiting.length;
    return { state: "pending", what: `${done} of ${nics.length} NICs have let go; waiting for ${waiting[0] ?? ""}` };
  };
  try {
    await waitFor(informer, condition, waitOptions(operation));
    if (nics.length > 0) operation.log.status(`${nics.length} of ${nics.length} NICs have let go`);
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    throw new Error(
      `policy ${name} selects these NICs no more, but they have not let go of its VFs in time: ${error.pending}. Check that ` +
        `the reconciler's controller runs, and the agents on those nodes. ${operation.moreTime ?? ""}`.trim(),
      { cause: error },
    );
  }
}

/** Pure: what the NIC has left of the policy, or nothing. */
export function leftOf(policy: string, device: SriovNetworkDevice): string | undefined {
  const { metadata, spec, status } = device;
  if (spec.vfGroups?.some(({ policyName }) => policyName === policy) === true) return "its VFs are still the policy's";
  const ready = readyCondition(device);
  const answered = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  if (!answered || ready === undefined) return `waiting for the agent on node ${spec.nodeName}`;
  // Nobody has asked for a count, or there is nothing that could have VFs.
  if (isUnmanaged(device) || ready.reason === ReadyReason.DeviceGone) return undefined;
  const have = presentVfs(device).numVfs;
  if (have === (spec.numVFS ?? 0)) return undefined;
  return ready.status === "True" ? `${have} VFs, to be ${spec.numVFS ?? 0}` : `${ready.reason}: ${ready.message}`;
}
