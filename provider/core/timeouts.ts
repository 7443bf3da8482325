import type { InputFailure } from "./resource.js";

/** How long a resource's operations may take: durations such as `5m`, as customTimeouts has them. */
export interface Timeouts {
  readonly create?: string;
  readonly update?: string;
  readonly delete?: string;
}

/** What a resource is asked to do; that the last two take no longer than the default nobody can change. */
export type OperationKind = keyof Timeouts | "read" | "check";

/** How long one operation may take. */
export interface TimeLimit {
  readonly ms: number;
  /** How to get more time, as a sentence: `More time: customTimeouts.create (5m now).` Empty where there is no way. */
  readonly moreTime: string;
}

const DEFAULT = "5m";

export function timeLimit(kind: OperationKind, timeouts: Timeouts = {}): TimeLimit {
  const fallback = durationMs(DEFAULT) ?? 0;
  if (kind === "read" || kind === "check") return { ms: fallback, moreTime: "" };
  // As in Pulumi's protocol, none at all and one of zero mean the same.
  const ms = durationMs(timeouts[kind] ?? "") || fallback;
  const now = ms === fallback ? DEFAULT : timeouts[kind];
  return { ms, moreTime: `More time: customTimeouts.${kind} (${now ?? DEFAULT} now).` };
}

/** Milliseconds of a duration: `90s`, `5m`, `1h30m`. Undefined where it is none. */
export function durationMs(text: string): number | undefined {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const part = /(\d+(?:\.\d+)?)(ms|s|m|h)/y;
  let total = 0;
  for (part.lastIndex = 0; part.lastIndex < text.length;) {
    const match = part.exec(text);
    if (match === null) return undefined;
    total += Number(match[1]) * (units[match[2] ?? ""] ?? 0);
  }
  return text === "" ? undefined : total;
}

/** Which of a resource's timeouts are no durations, in the words of the option that the program has set. */
export function timeoutsFailures(timeouts: unknown): InputFailure[] {
  return Object.entries((timeouts ?? {}) as Readonly<Record<string, unknown>>)
    .filter(([, text]) => typeof text !== "string" || durationMs(text) === undefined)
    .map(([kind, text]) => ({
      property: "timeouts",
      reason: `customTimeouts.${kind} must be a duration such as 5m, not ${JSON.stringify(text)}`,
    }));
}
