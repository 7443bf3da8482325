import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { messageOf } from "../../kube/errors.js";
import { isAborted } from "./aborted.js";
import type { ControllerMetrics } from "./service/metrics.js";

export interface PassesParts {
  /** Names the passes in the log and in metrics: `policies`. */
  readonly job: string;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
  /** Looks at everything and does what is to be done. Resolves with when it wants to be called again unasked, in ms since the epoch. */
  readonly pass: (term: AbortSignal) => Promise<number | undefined>;
}

/** Changes come in bursts: a roll-out changes hundreds of objects at once. */
const BURST_MS = 10;
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;

/**
 * One pass after another over everything, for as long as a term lasts: the first at once, then after `wake`. Passes that
 * are asked for while one is under way are one that follows it.
 */
export class Passes {
  private wanted = false;
  private alarm: (() => void) | undefined;

  constructor(private readonly parts: PassesParts) {}

  /** Something has changed. Without a term nothing is done, since the next one begins with a pass. */
  wake(): void {
    this.wanted = true;
    this.alarm?.();
  }

  /** Resolves once `term` is aborted and no pass is under way. */
  async lead(term: AbortSignal): Promise<void> {
    let again: number | undefined;
    this.wanted = true;
    for (let failures = 0; !term.aborted;) {
      await this.untilWanted(term, again);
      await delay(BURST_MS, undefined, { signal: term }).catch(() => undefined);
      if (isAborted(term)) return;
      this.wanted = false;
      const began = performance.now();
      const result = await this.tryPass(term);
      if (isAborted(term)) return;
      this.parts.metrics.passEnded(
        this.parts.job,
        result.done ? "done" : "failed",
        (performance.now() - began) / 1_000,
      );
      failures = result.done ? 0 : failures + 1;
      again = result.done ? result.again : Date.now() + Math.min(FIRST_PAUSE_MS * 2 ** failures, LAST_PAUSE_MS);
    }
  }

  private async tryPass(term: AbortSignal): Promise<{ done: boolean; again?: number | undefined }> {
    try {
      return { done: true, again: await this.parts.pass(term) };
    } catch (error) {
      if (!isAborted(term))
        this.parts.log.error({ err: error }, `${this.parts.job}: a pass failed: ${messageOf(error)}`);
      return { done: false };
    }
  }

  private untilWanted(term: AbortSignal, again: number | undefined): Promise<void> {
    if (this.wanted || term.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const ms = again === undefined ? undefined : Math.min(Math.max(0, again - Date.now()), MAX_TIMER_MS);
      const timer = ms === undefined ? undefined : setTimeout(() => done(), ms);
      const done = (): void => {
        clearTimeout(timer);
        term.removeEventListener("abort", done);
        this.alarm = undefined;
        resolve();
      };
      term.addEventListener("abort", done, { once: true });
      this.alarm = done;
    });
  }
}

/** A timer that is set for more goes off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
