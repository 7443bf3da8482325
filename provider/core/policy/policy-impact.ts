import { type CountTerms, countImpact, describeCountImpact } from "../../../plan/impact/count-impact.js";
import { describeImpact, type Impact } from "../../../plan/impact/impact.js";
import { usedVfs } from "../../../plan/vf-count.js";
import type { NicEffect, PolicyEffects } from "./policy-effects.js";
import { count, MAX_LISTED } from "./policy-words.js";

/** What a change of a policy does to hardware, and to whom, NIC by NIC. */
export interface NicImpact {
  readonly impact: Impact;
  readonly effect: NicEffect;
}

/**
 * Pure: the NICs whose VFs come or go. What the policy selects no more its permission does not reach: VFs in use stay there
 * until they are free.
 */
export function changeImpacts({ selected, lost }: PolicyEffects, terms: CountTerms): readonly NicImpact[] {
  return [
    ...nicImpacts(selected, terms),
    ...nicImpacts(lost, terms).map((nic) => (nic.impact.outcome === "proceeds" ? untilFree(nic) : nic)),
  ];
}

/** Pure: the same of effects on any NICs, without exception. */
export function nicImpacts(effects: readonly NicEffect[], terms: CountTerms): readonly NicImpact[] {
  return effects
    .filter(({ change }) => change.writes.length > 0)
    .map((effect) => {
      const { device: name, nodeName } = effect.match;
      return { effect, impact: countImpact({ name, nodeName }, effect.change, terms) };
    });
}

/** Why the change is refused as a whole, with every NIC whose VFs would go, or nothing. */
export function refusalOf(name: string, impacts: readonly NicImpact[], waysOut: string): string | undefined {
  const refused = impacts.filter(({ impact }) => impact.outcome === "refused");
  if (refused.length === 0) return undefined;
  const list = destroying(impacts).map(({ impact }) => `\n${describeImpact(impact)}`);
  return `policy ${name}: VFs in use of ${count(refused.length, "NIC")} would go. ${waysOut}${list.join("")}`;
}

/** What becomes of users of whom nobody tells. */
const DRAINED = "The sriov-network-operator drains the node first.";

/** A text for each NIC that loses VFs. */
export function describeLosses(impacts: readonly NicImpact[]): readonly string[] {
  return destroying(impacts).map(({ impact, effect }) =>
    describeCountImpact(impact, effect.change, impact.outcome === "unknown" ? { advice: DRAINED } : {}),
  );
}

/** One text for the NICs that lose nothing, or nothing where there are none. */
export function describeGains(impacts: readonly NicImpact[]): string | undefined {
  const gains = impacts.filter(({ impact }) => impact.destroyed === 0 && impact.created > 0);
  if (gains.length === 0) return undefined;
  const more = gains.length > MAX_LISTED ? [`and ${gains.length - MAX_LISTED} more`] : [];
  return [...gains.slice(0, MAX_LISTED).map(({ impact }) => describeImpact(impact)), ...more].join("\n");
}

function destroying(impacts: readonly NicImpact[]): readonly NicImpact[] {
  return impacts.filter(({ effect }) => effect.change.destroyed.length > 0);
}

function untilFree({ effect, impact }: NicImpact): NicImpact {
  const users = [...new Set(usedVfs(effect.change).map(({ usedBy }) => usedBy))].join(", ");
  const change = `${impact.change} once nobody uses them (now: ${users})`;
  return { effect, impact: { ...impact, change, inUse: [], outcome: "none" } };
}
