/** How long a resource's operations may take: durations such as `5m`, as customTimeouts has them. */
export interface Timeouts {
  readonly create?: string;
  readonly update?: string;
  readonly delete?: string;
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

/** Why a value cannot be a resource's timeouts, or nothing. */
export function timeoutsProblem(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const wrong = Object.entries(value as Timeouts).find(
    ([, text]) => typeof text !== "string" || durationMs(text) === undefined,
  );
  return wrong === undefined ? undefined : `${wrong[0]} must be a duration such as 5m, not ${JSON.stringify(wrong[1])}`;
}
