import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { PciAddress, PhysicalFunction } from "../../kernel/kernel.js";
import { type MtuTarget, mtuTargets, setMtus } from "./mtu.js";
import type { Refusal } from "./outcome.js";
import type { Work } from "./phase.js";
import { describeUnknown, describeUsed, planRebinds, rebind, type RebindPlan, verifyRebound } from "./rebind.js";
import { waitUntilSettled } from "./settle.js";
import type { VfGroups } from "./vf-groups.js";

/** What an object asks for beside the count, and is not so: the drivers of VFs, and MTUs. */
export interface SettingsPlan {
  readonly rebinds: RebindPlan;
  readonly mtus: readonly MtuTarget[];
}

/** Pure. `users` are the NIC's VFs that are in use, each with who holds it. */
export function planSettings(
  device: SriovNetworkDevice,
  nic: PhysicalFunction,
  groups: VfGroups,
  users: ReadonlyMap<PciAddress, string>,
): SettingsPlan {
  return { rebinds: planRebinds(nic, groups, users), mtus: mtuTargets(device, nic, groups, users) };
}

/** Whether there is anything to write. */
export function isWork({ rebinds, mtus }: SettingsPlan): boolean {
  return rebinds.free.length > 0 || mtus.length > 0;
}

export interface SettingsWork extends Pick<Work, "kernel" | "nic" | "groups" | "deadlineMs"> {
  readonly device: SriovNetworkDevice;
  readonly users: ReadonlyMap<PciAddress, string>;
  /** Who does not answer though he would know of users, in words. */
  readonly silent: string | undefined;
  readonly settleDeadlineMs: number;
}

export interface SettingsResult {
  /** As it is afterwards; undefined where it vanished. */
  readonly nic: PhysicalFunction | undefined;
  /** One refusal keeps none of the rest from being done. */
  readonly refusals: readonly Refusal[];
}

/** Drivers first: an interface comes with its driver, and has the MTU of all new ones then. */
export async function applySettings(work: SettingsWork): Promise<SettingsResult> {
  const { kernel, device, groups, users, deadlineMs } = work;
  const rebound = await applyRebinds(work);
  if (rebound.nic === undefined) return rebound;
  const targets = (now: PhysicalFunction): MtuTarget[] => mtuTargets(device, now, groups, users);
  const { nic, refusal } = await setMtus(kernel, rebound.nic, targets, deadlineMs);
  return { nic, refusals: [...rebound.refusals, ...(refusal === undefined ? [] : [refusal])] };
}

async function applyRebinds(work: SettingsWork): Promise<SettingsResult> {
  const { kernel, nic, groups, users, silent, settleDeadlineMs } = work;
  const { free, used } = planRebinds(nic, groups, users);
  const refusals: Refusal[] = used.length === 0 ? [] : [describeUsed(used, groups, users)];
  // A VF that nothing drives can be in nobody's hands.
  const known = silent === undefined ? free : free.filter(({ driver }) => driver === undefined);
  if (silent !== undefined && known.length < free.length) refusals.push(describeUnknown(silent));
  if (known.length === 0) return { nic, refusals };
  const refusal = await rebind(work, known);
  const settled = await waitUntilSettled(kernel, nic.address, settleDeadlineMs);
  const missed = settled && verifyRebound(settled.nic, groups, known);
  return { nic: settled?.nic, refusals: [...refusals, refusal ?? missed].filter((it) => it !== undefined) };
}
