import type { KubeObject } from "../api/object.js";
import { abortError, DeadlineExceeded } from "./deadline.js";
import type { Informer } from "./informer.js";

/** What a condition makes of an object as it is now. */
export type Verdict<R> =
  | { readonly state: "satisfied"; readonly result: R }
  | { readonly state: "failed"; readonly error: Error }
  /** `what` says what is still missing, for progress and for the error when time runs out. */
  | { readonly state: "pending"; readonly what: string };

export interface WaitOptions {
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when what is missing changes. */
  readonly onPending?: (what: string) => void;
}

/** Time ran out; `pending` is what was still missing. */
export class WaitTimeout extends Error {
  override readonly name = "WaitTimeout";
  constructor(readonly pending: string) {
    super(`timed out: ${pending}`);
  }
}

/** Looks at the informer's copy now and at every change, until `condition` is satisfied, fails, or time runs out. */
export function waitFor<T extends KubeObject, R>(
  informer: Pick<Informer<T>, "onChange">,
  condition: () => Verdict<R>,
  options: WaitOptions,
): Promise<R> {
  return new Promise((resolve, reject) => {
    let pending = "";
    const check = (): void => {
      const verdict = condition();
      if (verdict.state === "satisfied") finish(() => resolve(verdict.result));
      else if (verdict.state === "failed") finish(() => reject(verdict.error));
      else if (verdict.what !== pending) {
        pending = verdict.what;
        options.onPending?.(pending);
      }
    };
    const abort = (): void => {
      const reason = abortError(options.signal);
      // The deadline of the whole work may come by its signal first.
      finish(() => reject(reason instanceof DeadlineExceeded ? new WaitTimeout(pending) : reason));
    };
    const unsubscribe = informer.onChange(check);
    const timer = setTimeout(
      () => finish(() => reject(new WaitTimeout(pending))),
      Math.max(0, Math.min(options.deadline - Date.now(), 2 ** 31 - 1)),
    );
    options.signal?.addEventListener("abort", abort, { once: true });

    function finish(settle: () => void): void {
      clearTimeout(timer);
      unsubscribe();
      options.signal?.removeEventListener("abort", abort);
      settle();
    }
    check();
    if (options.signal?.aborted) abort();
  });
}
