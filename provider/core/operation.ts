import { DeadlineExceeded, untilAborted } from "../../kube/deadline.js";
import { ConnectionError } from "../../kube/errors.js";
import type { Cluster } from "./cluster.js";
import { progress } from "./progress.js";
import type { Operation, ResourceLog } from "./resource.js";
import { type OperationKind, timeLimit, type Timeouts } from "./timeouts.js";

/** What a shell knows of an operation before it begins. */
export interface Task {
  readonly kind: OperationKind;
  readonly timeouts?: Timeouts | undefined;
  readonly log: ResourceLog;
  /** Finds the cluster that is meant. The signal ends what it asks of clusters for that. */
  readonly connect: (signal: AbortSignal) => Promise<Cluster>;
}

/**
 * Runs one operation of a resource. Its deadline counts from here and ends everything that it does, finding the cluster and
 * a plugin for credentials included, and its log tells the resource's row how long each phase has lasted.
 */
export async function runOperation<T>(task: Task, work: (operation: Operation) => Promise<T>): Promise<T> {
  const { ms, moreTime } = timeLimit(task.kind, task.timeouts);
  const ending = new AbortController();
  const { signal } = ending;
  const deadline = Date.now() + ms;
  const timer = setTimeout(() => ending.abort(new DeadlineExceeded(moreTime)), Math.min(ms, LONGEST_MS)).unref();
  const log = progress(task.log);
  try {
    const cluster = (await untilAborted(task.connect(signal), signal)).within(signal);
    return await work({ cluster, log, deadline, signal, moreTime });
  } catch (error) {
    if (!(error instanceof DeadlineExceeded)) throw error;
    throw new ConnectionError(`the cluster was not reached in time. ${moreTime}`.trim(), "ETIMEDOUT", { cause: error });
  } finally {
    clearTimeout(timer);
    log.end();
  }
}

/** What Node's timers can count: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;
