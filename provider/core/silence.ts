import { POD } from "../../api/core.js";
import { AGENT_POD_LABELS, CONTROLLER_POD_LABELS } from "../../api/names.js";
import type { Selector } from "../../kube/client.js";
import type { Operation } from "./resource.js";

/** Who is to answer to a change, and where to look where nobody does. */
export interface Answerer {
  /** `the agent on node node1` */
  readonly who: string;
  /** `check the reconciler on that node` */
  readonly advice: string;
  readonly pods: Selector;
  /** Silence for longer than this means that nobody answers; default {@link SILENCE_MS}. */
  readonly patienceMs?: number;
}

export function agentOf(nodeName: string): Answerer {
  const pods = { labels: AGENT_POD_LABELS, fields: { "spec.nodeName": nodeName } };
  return { who: `the agent on node ${nodeName}`, advice: "check the reconciler on that node", pods };
}

export const CONTROLLER: Answerer = {
  who: "the controller",
  advice: "check that the reconciler's controller runs in the cluster",
  pods: { labels: CONTROLLER_POD_LABELS },
};

export interface SilenceWatch {
  /** What is known of who does not answer, where it has been silent. */
  finding(): string | undefined;
  stop(): void;
}

/** Silence after a change for this long means that nobody answers: agents and controller acknowledge at once. */
const SILENCE_MS = 5_000;

/** Says on the resource's row when there is no answer, and what the pod looks like that should give one, where there is one. */
export function watchForSilence(operation: Operation, answerer: Answerer, isSilent: () => boolean): SilenceWatch {
  const since = Date.now();
  let found: string | undefined;
  let stopped = false;
  const timer = setInterval(() => {
    if (!isSilent()) {
      found = undefined;
      return;
    }
    // Said again at every look: meanwhile the row may have told of something else.
    operation.log.status(`${answerer.who} does not answer`, since);
    if (found !== undefined) return;
    found = `${answerer.who} does not answer`;
    void describePods(operation, answerer).then((words) => {
      // It may have answered meanwhile.
      if (stopped || found === undefined) return;
      found = words;
      operation.log.warn(words);
    });
  }, answerer.patienceMs ?? SILENCE_MS);
  return {
    finding: () => found,
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

async function describePods(operation: Operation, { who, advice, pods }: Answerer): Promise<string> {
  const silent = `${who} does not answer`;
  try {
    const found = (await operation.cluster.client.list(POD, pods)).items;
    const seen = found.map((pod) => ({
      pod,
      ready: pod.status?.conditions?.find((condition) => condition.type === "Ready"),
    }));
    const [one] = [...seen.filter(({ ready }) => ready?.status === "True"), ...seen];
    if (one === undefined) return `${silent}; ${advice}`;
    const { pod, ready } = one;
    const where = `its pod ${pod.metadata.namespace ?? ""}/${pod.metadata.name}`;
    if (ready?.status === "True") return `${silent}, though ${where} is ready; see the pod's log`;
    return `${silent}: ${where} is not ready (${[pod.status?.phase, ready?.reason, ready?.message].filter(Boolean).join(", ")})`;
  } catch {
    // Pods are only looked at to say more; that these credentials may not list them changes nothing.
    return `${silent}; ${advice}`;
  }
}
