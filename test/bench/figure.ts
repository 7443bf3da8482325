import { table } from "../../lab/table.js";

/** One measured number, and what it is to stay at or below. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: Unit;
  /** In the same unit; absent for a number that is only told. */
  readonly target?: number;
  /** The target is missed at the very number: `< 0.5 %`. */
  readonly below?: boolean;
  /** What Harvester's own agent took, as `docs/agent.md` tells; only told. */
  readonly peer?: string;
}

/** `×` is the ratio of two figures of the same run. */
export type Unit = "ms" | "s" | "×" | "MB" | "%" | "a minute" | "";

/** The rest of a figure, beside its name and value. */
export type Expectation = Pick<Figure, "target" | "below" | "peer">;

export function isMet({ value, target, below = false }: Figure): boolean {
  return target === undefined || (below ? value < target : value <= target);
}

export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { what, value, unit, target, below = false, peer = "" } = figure;
    return {
      figure: what,
      target: target === undefined ? "" : `${below ? "<" : "≤"} ${target} ${unit}`.trim(),
      measured: `${value.toFixed(decimals(figure))} ${unit}`.trim(),
      met: target === undefined ? "" : isMet(figure) ? "yes" : "NO",
      "Harvester's": peer,
    };
  });
  return table(rows);
}

/** As many as it takes to tell a figure from its target. */
function decimals({ unit, target = Number.POSITIVE_INFINITY }: Figure): number {
  if (unit === "") return 0;
  return target < 5 ? 2 : 1;
}

/** The p50 and p99 of `times`, in milliseconds. */
export function figuresOf(
  what: string,
  times: readonly number[],
  expected: { readonly p50?: Expectation; readonly p99?: Expectation } = {},
): Figure[] {
  const name = (percent: number): string => `${what}: p${percent} of ${times.length}`;
  return [
    { what: name(50), value: percentile(times, 50), unit: "ms", ...expected.p50 },
    { what: name(99), value: percentile(times, 99), unit: "ms", ...expected.p99 },
  ];
}

/** The smallest value that at least `percent` of the values do not exceed (nearest rank). */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.ceil((sorted.length * percent) / 100) - 1];
  if (value === undefined) throw new Error("no value was measured");
  return value;
}
