import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";

/** An agent is done with most changes, or has acknowledged them, within this time. */
const SETTLE_MS = 150;

/**
 * Resolves when the agents have answered about these NICs, or after a moment: what is reported then is the result of the
 * change, mostly, and not first that it has begun, which would be two writes for each policy instead of one.
 */
export async function settled(
  devices: Informer<SriovNetworkDevice>,
  names: readonly string[],
  term: AbortSignal,
): Promise<void> {
  const isAnswered = (name: string): boolean => {
    const device = devices.get(name);
    return device === undefined || device.status?.observedGeneration === device.metadata.generation;
  };
  const verdict = () =>
    names.every(isAnswered)
      ? ({ state: "satisfied", result: undefined } as const)
      : ({ state: "pending", what: "agents" } as const);
  const options = { deadline: Date.now() + SETTLE_MS, signal: term };
  await waitFor(devices, verdict, options).catch(() => undefined);
}
