import { ReadyReason, readyCondition, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { describeChange, planVfCount, usedVfs, type VfCountPlan } from "../../../plan/vf-count.js";
import type { InputFailure, Operation } from "../resource.js";
import { settingsDiffer } from "./device-diff.js";
import type { PartialDeviceInputs } from "./device-inputs.js";
import { deviceDialectOf } from "./dialect-of.js";
import { presentVfs } from "./device-outputs.js";
import { describeUsed } from "./disruption.js";
import { conflictMessage, countOwners, describeOwners, foreignOwners } from "./field-ownership.js";
import { nicImpact, tellsUsers } from "./nic-impact.js";
import { hasFailed } from "./try-again.js";
import { foreseeReplaced, isReplaced } from "./replaced-nic.js";

/** What a change of the program is about to do to VFs. */

export interface CountChange {
  /** As the last check left them; empty for a new resource. */
  readonly olds: PartialDeviceInputs;
  readonly news: PartialDeviceInputs & { readonly numVfs: number };
  readonly unknown: ReadonlySet<string>;
}

/**
 * Tells what becomes of the NIC's VFs, and refuses what is certain to be refused: a change that up carries out, that takes VFs
 * in use along, and for which the program does not say that they may go.
 */
export async function foreseeCount(
  operation: Operation,
  device: SriovNetworkDevice,
  change: CountChange,
): Promise<readonly InputFailure[]> {
  const { olds, news, unknown } = change;
  // The engine has a replacement checked again, as a new resource; what is left to tell here is what goes for it.
  if (isReplaced(olds, news)) return foreseeReplaced(operation, olds, news);
  const { log, cluster } = operation;
  const plan = planVfCount(presentVfs(device), news.numVfs);
  if (!isCarriedOut(change)) {
    const drift = driftOf(device, news.numVfs, plan);
    if (drift !== undefined) log.warn(drift);
    return [];
  }
  const conflict = news.forceConflicts === true ? undefined : foreseenConflict(device, olds, news);
  if (conflict !== undefined) {
    log.warn(conflict);
    return [];
  }
  if (plan.writes.length === 0) return [];
  const ready = readyCondition(device);
  if (ready?.reason === ReadyReason.DeviceGone) {
    log.warn(`${device.metadata.name} is gone: ${ready.message.replace(/\.$/, "")}. Until it is back, up fails.`);
    return [];
  }
  const dialect = await deviceDialectOf(cluster);
  const foresight = await dialect.foresee?.(operation, device, news.numVfs);
  if (foresight?.refusal !== undefined) return [{ property: "numVfs", reason: foresight.refusal }];
  const terms = { onVfsInUse: news.onVfsInUse, usersKnown: await tellsUsers(cluster, plan) };
  const isOpen = unknown.has("onVfsInUse");
  const advice = isOpen ? `${OPEN} ${dialect.waysOut}` : dialect.waysOut;
  const { outcome, text } = nicImpact(device, plan, terms, advice);
  if (outcome === "refused" && !isOpen) return [{ property: "numVfs", reason: text }];
  if (plan.destroyed.length > 0) log.warn(text);
  else log.inform(text);
  for (const warning of foresight?.warnings ?? []) log.warn(warning);
  return [];
}

const OPEN = `It is so unless onVfsInUse, which is not known yet, turns out to be "proceed".`;

/**
 * Whether up sets the count: for a new resource, and where any input differs from the state. What else is unfinished the state
 * alone knows, of which check is not told.
 */
function isCarriedOut({ olds, news, unknown }: CountChange): boolean {
  if (olds.resourceUrn === undefined) return true;
  return settingsDiffer(olds, news, unknown);
}

/** Somebody has changed the count since, or the hardware is otherwise, and the state does not know it. */
function driftOf(device: SriovNetworkDevice, numVfs: number, plan: VfCountPlan): string | undefined {
  const { name } = device.metadata;
  const asked = device.spec.numVFS ?? 0;
  const used = usedVfs(plan);
  const users = used.length === 0 ? "" : ` Then ${describeUsed(used)}.`;
  if (asked === numVfs) {
    // Else the agent is at work on it.
    if (plan.writes.length === 0 || !hasFailed(device)) return undefined;
    const why = readyCondition(device)?.message.replace(/\.$/, "") ?? "";
    return (
      `${name} has ${plan.from} of the ${numVfs} VFs that the program asks for: ${why}. If an earlier up is unfinished, up ` +
      `has it tried again (${describeChange(plan)}); else ${BRING_IN} brings the difference in.${users}`
    );
  }
  const others = countOwners(device).map(({ manager }) => manager ?? "unknown");
  const foreign = foreignOwners(device, undefined);
  const who =
    others.length === 0 ? "" : `, set by ${describeOwners(device, foreign.length > 0 ? foreign : others).owners}`;
  return (
    `${name}: the count is ${asked} by now${who}, and the program asks for ${numVfs} as before. up leaves it so, unless an ` +
    `earlier up is unfinished: ${BRING_IN} brings the difference in (${describeChange(plan)}).${users}`
  );
}

const BRING_IN = "`pulumi refresh`, or up with --refresh,";

/** What the API server would answer to the change, where somebody else owns the count. */
function foreseenConflict(
  device: SriovNetworkDevice,
  olds: PartialDeviceInputs,
  news: CountChange["news"],
): string | undefined {
  if ((device.spec.numVFS ?? 0) === news.numVfs) return undefined;
  // The manager of a resource that exists is not told to check, nor does an alias leave it the URN that it was minted from.
  const urn = olds.resourceUrn === undefined ? news.resourceUrn : undefined;
  const others = foreignOwners(device, urn);
  return others.length === 0 ? undefined : conflictMessage(device, news.numVfs, others, "foreseen");
}
