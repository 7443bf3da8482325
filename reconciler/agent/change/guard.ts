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

export interface GuardFacts {
  readonly deviation?: Deviation | undefined;
  /** What the annotation allows was done before. */
  readonly spent?: boolean;
  /** Who does not answer though he would know of users, in words. */
  readonly silent?: string | undefined;
}

/** The agent's own look before it acts: admission refused such a change already, unless the VFs were taken since. Pure. */
export function guard(device: SriovNetworkDevice, plan: VfCountPlan, facts: GuardFacts = {}): GuardVerdict {
  const { deviation, spent = false, silent } = facts;
  const used = usedVfs(plan);
  const allowed = isDisruptionAllowed(device) && !spent;
  if (allowed || plan.destroyed.length === 0) return { kind: "go", lost: used };
  if (used.length === 0 && silent === undefined) return { kind: "go", lost: used };
  const { name } = device.metadata;
  const allow = `kubectl annotate srnd ${name} ${Annotation.allowDisruption}=${plan.to} --overwrite`;
  if (used.length === 0) {
    const message =
      `not changed (${describeChange(plan)}), since that would destroy VFs, and it is not known who ` +
      `uses them: ${silent ?? ""}. It is done once that answers. To have it done all the same: ${allow}.`;
    return { kind: "usersUnknown", message };
  }
  const what =
    deviation === undefined
      ? `not changed (${describeChange(plan)}), since that would destroy`
      : `somebody changed the count from ${deviation.reported} to ${deviation.found} past the agent, and it is not put ` +
        `back, since that would destroy`;
  // After somebody's change by hand it is the spec that has to follow, not to go back.
  const keep = `set the count ${deviation === undefined ? "back " : ""}to ${plan.from}`;
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

/** The request that what has failed be tried now. */
export function requested(device: SriovNetworkDevice | undefined): string | undefined {
  return device?.metadata.annotations?.[Annotation.tryAgain];
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
