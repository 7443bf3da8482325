import type { Container } from "./container.js";
import type { PodPlace } from "./container-words.js";
import type { NodePod, PodCondition } from "./node-pod.js";

/** What a kubelet says of a pod. @param startTime when it was taken, RFC 3339. */
export function podStatus(
  pod: NodePod,
  containers: readonly Container[],
  place: PodPlace,
  startTime: string,
): Record<string, unknown> {
  const ready = containers.length > 0 && containers.every((container) => container.ready);
  const unready = containers.filter((container) => !container.ready).map(({ spec }) => spec.name);
  const isOver = ["Succeeded", "Failed"].includes(phaseOf(pod, containers));
  const why = isOver
    ? { reason: phaseOf(pod, containers) === "Succeeded" ? "PodCompleted" : "PodFailed" }
    : { reason: "ContainersNotReady", message: `containers with unready status: [${unready.join(" ")}]` };
  const condition = (type: string, is: boolean, details = {}): PodCondition => ({
    type,
    status: is ? "True" : "False",
    ...(!is && details),
  });
  return {
    phase: phaseOf(pod, containers),
    startTime,
    hostIP: place.nodeAddress,
    hostIPs: [{ ip: place.nodeAddress }],
    podIP: place.podAddress,
    podIPs: [{ ip: place.podAddress }],
    conditions: since(pod, [
      condition("PodReadyToStartContainers", true),
      condition("Initialized", true),
      condition("Ready", ready, why),
      condition("ContainersReady", ready, why),
    ]),
    containerStatuses: containers.map(containerStatus),
  };
}

function phaseOf({ spec }: NodePod, containers: readonly Container[]): string {
  const ends = containers.map(({ state }) => ("terminated" in state ? state.terminated.exitCode : undefined));
  const isOver = spec?.restartPolicy !== "Always" && ends.length > 0 && !ends.includes(undefined);
  if (isOver) return ends.every((code) => code === 0) ? "Succeeded" : "Failed";
  // One that has run once is not pending any more.
  return containers.every(({ containerID }) => containerID !== undefined) ? "Running" : "Pending";
}

/** With those that others have written, and with the time since when each is as it is. */
function since({ status }: NodePod, own: readonly PodCondition[]): PodCondition[] {
  const before = status?.conditions ?? [];
  const others = before.filter((known) => own.every(({ type }) => type !== known.type));
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  return [
    ...others,
    ...own.map((condition) => {
      const known = before.find(({ type, status }) => type === condition.type && status === condition.status);
      return { ...condition, lastTransitionTime: known?.lastTransitionTime ?? now };
    }),
  ];
}

function containerStatus({ spec, state, lastTerminated, ...container }: Container): Record<string, unknown> {
  const { image = "" } = spec;
  return {
    name: spec.name,
    image,
    imageID: container.containerID === undefined ? "" : image,
    ...(container.containerID !== undefined && { containerID: container.containerID }),
    ready: container.ready,
    started: container.started,
    restartCount: container.restarts,
    state,
    ...(lastTerminated !== undefined && { lastState: { terminated: lastTerminated } }),
  };
}
