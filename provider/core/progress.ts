import type { ResourceLog } from "./resource.js";

/** A log for as long as one operation lasts. */
export interface Progress extends ResourceLog {
  /** Nothing is told after this but what is still to be told. */
  end(): void;
}

/** Changes that follow each other faster are told as one: who looks at a row could not read them, and the engine has many rows. */
const SETTLE_MS = 250;
/** How often a row says how long the same has been going on. */
const AGAIN_MS = 5_000;

/**
 * The resource's row while an operation lasts: what is going on, and from the fifth second on since when, as in `3 of 4 VFs,
 * for 12 s`.
 */
export function progress(log: ResourceLog): Progress {
  let phase: { readonly message: string; readonly since: number } | undefined;
  let changedAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let isTold = true;
  let hasEnded = false;

  const tell = (): void => {
    if (phase === undefined) return;
    if (!isTold) changedAt = Date.now();
    isTold = true;
    log.status(withDuration(phase.message, Date.now() - phase.since));
    tellIn(AGAIN_MS);
  };
  // Never keeps the process alive.
  const tellIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(tell, ms).unref();
  };
  return {
    inform: (message) => log.inform(message),
    warn: (message) => log.warn(message),
    status(message, since = Date.now()) {
      // What the operation has given up waiting for may still speak.
      if (hasEnded || message === phase?.message) return;
      phase = { message, since };
      const early = changedAt + SETTLE_MS - Date.now();
      const wasTold = isTold;
      isTold = false;
      if (early <= 0) tell();
      else if (wasTold) tellIn(early);
    },
    end() {
      clearTimeout(timer);
      if (!isTold) tell();
      clearTimeout(timer);
      hasEnded = true;
    },
  };
}

/** Pure. Short enough for a row, whatever was waited for. */
export function withDuration(message: string, ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 5) return message;
  const minutes = Math.floor(seconds / 60);
  return `${message.replace(/\.$/, "")}, for ${minutes === 0 ? "" : `${minutes} min `}${seconds % 60} s`;
}
