import type { PreferredForContainer } from "../kubelet/device-plugin-api.js";
import type { PoolDevice } from "./pools.js";

/**
 * Which of the available functions a container had best get: what it must have, then VFs of the NICs of which it has
 * fewest, so that one link that fails does not take all; among these of the NIC that has most to spare. Pure.
 *
 * @returns addresses, no more than asked for
 */
export function preferred(
  { available, mustInclude, size }: PreferredForContainer,
  pool: ReadonlyMap<string, PoolDevice>,
): string[] {
  const nicOf = (address: string): string => pool.get(address)?.vf?.physicalFunction ?? address;
  const chosen = [...mustInclude];
  const left = new Set([...available].filter((it) => pool.has(it) && !chosen.includes(it)).sort(byIndex(pool)));
  while (chosen.length < size && left.size > 0) {
    const given = countBy(chosen, nicOf);
    const spare = countBy([...left], nicOf);
    const fewest = (a: string, b: string): number => (given.get(nicOf(a)) ?? 0) - (given.get(nicOf(b)) ?? 0);
    const mostSpare = (a: string, b: string): number => (spare.get(nicOf(b)) ?? 0) - (spare.get(nicOf(a)) ?? 0);
    const [best] = [...left].sort((a, b) => fewest(a, b) || mostSpare(a, b));
    if (best === undefined) break;
    chosen.push(best);
    left.delete(best);
  }
  return chosen;
}

function byIndex(pool: ReadonlyMap<string, PoolDevice>): (a: string, b: string) => number {
  const index = (address: string): number => pool.get(address)?.vf?.index ?? 0;
  return (a, b) => index(a) - index(b) || (a < b ? -1 : 1);
}

function countBy(addresses: readonly string[], keyOf: (address: string) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const address of addresses) counts.set(keyOf(address), (counts.get(keyOf(address)) ?? 0) + 1);
  return counts;
}
