import { table } from "../../lab/table.js";

/** One measured number, and what it is to stay at or below. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  /** `ms`, or `×` for a ratio of two figures of the same run. */
  readonly unit: "ms" | "×";
  /** In the same unit; absent for a number that is only told. */
  readonly target?: number;
}

export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, unit, target }) => ({
    figure: what,
    measured: `${value.toFixed(1)} ${unit}`,
    target: target === undefined ? "" : `≤ ${target} ${unit}`,
    met: target === undefined ? "" : value <= target ? "yes" : "NO",
  }));
  return table(rows);
}

/** The p50 and p99 of `times`, in milliseconds. */
export function figuresOf(what: string, times: readonly number[], targets: { readonly p50?: number } = {}): Figure[] {
  const name = (percent: number): string => `${what}: p${percent} of ${times.length}`;
  return [
    { what: name(50), value: percentile(times, 50), unit: "ms", ...(targets.p50 && { target: targets.p50 }) },
    { what: name(99), value: percentile(times, 99), unit: "ms" },
  ];
}

/** The smallest value that at least `percent` of the values do not exceed (nearest rank). */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.ceil((sorted.length * percent) / 100) - 1];
  if (value === undefined) throw new Error("no value was measured");
  return value;
}
