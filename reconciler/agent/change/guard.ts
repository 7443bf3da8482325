import { Annotation } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { describeChange, type UsedVf, usedVfs, type VfCountPlan } from "../../../plan/vf-count.js";
import { wantedCount } from "./decide.js";
import type { Deviation } from "./deviation.js";
import type { Refusal } from "./outcome.js";

/** May the plan be carried out, given who holds the VFs that it destroys? */
export type GuardVerdict =
  /** `lost`: VFs in use that go because somebody who may allow it did so. */
  { readonly kind: "go"; readonly lost: readonly UsedVf[] } | Refusal;

/**
 * The agent's own look before it acts: admission refused such a change already, unless the VFs were taken since. Pure.
 * `spent`: what the annotation allowed was done before.
 */
export function guard(
  device: SriovNetworkDevice,
  plan: VfCountPlan,
  deviation: Deviation | undefined,
  spent = false,
): GuardVerdict {
  const used = usedVfs(plan);
  if (used.length === 0 || (isDisruptionAllowed(device) && !spent)) return { kind: "go", lost: used };
  const what =
    deviation === undefined
      ? `not changed (${describeChange(plan)}), since that would destroy`
      : `somebody changed the count from ${deviation.reported} to ${deviation.found} past the agent, and it is not put ` +
        `back, since that would destroy`;
  // After somebody's change by hand it is the spec that has to follow, not to go back.
  const keep = `set the count ${deviation === undefined ? "back " : ""}to ${plan.from}`;
  const { name } = device.metadata;
  const allow = `kubectl annotate srnd ${name} ${Annotation.allowDisruption}=${plan.to} --overwrite`;
  const message =
    `${what} VFs in use: ${listUsed(used)}. Release them, ${keep}, or allow it: ` +
    `${allow} (in a program: onVfsInUse: "proceed").`;
  return { kind: "inUse", message };
}

/** Somebody allowed this very count; an annotation for another one is of a change that is past. */
export function isDisruptionAllowed(device: SriovNetworkDevice): boolean {
  return allowedCount(device) === String(wantedCount(device));
}

export function allowedCount(device: SriovNetworkDevice): string | undefined {
  return device.metadata.annotations?.[Annotation.allowDisruption];
}

/** A condition's message holds 32,768 characters. */
const MOST_LISTED = 64;

/** `0000:04:10.0 (eno49v0) by pod web/router-0; …`. */
export function listUsed(used: readonly UsedVf[]): string {
  const listed = used.slice(0, MOST_LISTED).map(describeUse);
  const more = used.length - listed.length;
  return [...listed, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

function describeUse({ address, interfaceName, usedBy }: UsedVf): string {
  return `${address}${interfaceName ? ` (${interfaceName})` : ""} by ${usedBy}`;
}
