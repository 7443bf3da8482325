import type { KubeObject } from "../../api/object.js";
import { type WaitOptions, WaitTimeout } from "../../kube/wait.js";
import type { Operation } from "./resource.js";
import type { SilenceWatch } from "./silence.js";

/** How an operation waits for an object, and what it says when time runs out. */

/** Until the operation's deadline; what is missing stands on the resource's row. */
export function waitOptions({ deadline, signal, log }: Operation): WaitOptions {
  return { deadline, signal, onPending: (what) => log.status(what) };
}

/**
 * Time that ran out as an error with what was missing; any other error as it is.
 *
 * @param what what did not come about: `node1-000004100: not released in time`
 * @param next what becomes of it now.
 */
export function inTime(
  { moreTime = "" }: Pick<Operation, "moreTime">,
  error: unknown,
  what: string,
  next: string,
  silence?: SilenceWatch,
): unknown {
  if (!(error instanceof WaitTimeout)) return error;
  const missing = silence?.finding() ?? error.pending;
  // What others say may be a sentence already.
  return new Error(`${what}: ${missing.replace(/\.$/, "")}. ${next} ${moreTime}`.trim(), { cause: error });
}

/** What keeps an object that was deleted. */
export function finalizersOf({ metadata }: KubeObject): string {
  const { finalizers = [] } = metadata;
  return finalizers.length === 0 ? "is still there" : `is still there, kept by its finalizer ${finalizers.join(", ")}`;
}
