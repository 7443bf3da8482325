/** Time that was set for a piece of work has run out: the reason with which its signal aborts. */
export class DeadlineExceeded extends Error {
  override readonly name = "DeadlineExceeded";

  /** @param moreTime how to get more, as a sentence; empty where nothing gives more. */
  constructor(readonly moreTime = "") {
    super(`time ran out. ${moreTime}`.trim());
  }
}

/** Why the signal has aborted. */
export function abortError(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new DOMException("aborted", "AbortError");
}

/**
 * The promise's result, or the signal's reason if that comes first; what has settled before the call counts even if the
 * signal has aborted by then. What the promise stands for goes on.
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(abortError(signal));
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    signal.addEventListener("abort", abort, { once: true });
    // Later than what a settled promise has to say.
    if (signal.aborted) setImmediate(abort);
  });
}
