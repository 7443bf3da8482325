import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { PhysicalFunction } from "../../kernel/kernel.js";
import { type MtuTarget, mtuTargets, setMtus } from "./mtu.js";
import type { Refusal } from "./outcome.js";
import type { Work } from "./phase.js";
import {
  describeRebind,
  describeUnknown,
  describeUsed,
  planRebinds,
  rebind,
  type RebindPlan,
  verifyRebound,
  type VfUse,
} from "./rebind.js";
import { waitUntilSettled } from "./settle.js";
import type { VfUsers } from "../usage/vf-users.js";
import type { VfGroups } from "./vf-groups.js";

/** What an object asks for beside the count, and is not so: the drivers of VFs, and MTUs. */
export interface SettingsPlan {
  readonly rebinds: RebindPlan;
  readonly mtus: readonly MtuTarget[];
}

/** Pure. */
export function planSettings(
  device: SriovNetworkDevice,
  nic: PhysicalFunction,
  groups: VfGroups,
  use: VfUse,
): SettingsPlan {
  return { rebinds: planRebinds(nic, groups, use), mtus: mtuTargets(device, nic, groups, use.users) };
}

/** Whether there is anything to write. */
export function isWork({ rebinds, mtus }: SettingsPlan): boolean {
  return rebinds.free.length > 0 || mtus.length > 0;
}

/** `enp1s0 (0000:01:00.0): MTU 1500 → 9000; VF 1 (0000:01:10.2): igbvf → vfio-pci; and 14 more`. */
export function describeSettings({ rebinds, mtus }: SettingsPlan, groups: VfGroups): string {
  const lines = [
    ...rebinds.free.map((vf) => describeRebind(vf, groups)),
    ...mtus.map(
      ({ interfaceName, address, found, wanted }) => `${interfaceName} (${address}): MTU ${found} → ${wanted}`,
    ),
  ];
  const more = lines.length - MOST_LISTED;
  return [...lines.slice(0, MOST_LISTED), ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

/** An event's message holds 1,024 characters. */
const MOST_LISTED = 12;

export interface SettingsWork extends Pick<Work, "kernel" | "nic" | "groups" | "deadlineMs"> {
  readonly device: SriovNetworkDevice;
  readonly users: Pick<VfUsers, "of" | "refresh" | "silent">;
  /** Whether the object still asks for what it asked for when the pass began. */
  readonly isCurrent: () => boolean;
  readonly settleDeadlineMs: number;
}

export interface SettingsResult {
  /** As it is afterwards; undefined where it vanished. */
  readonly nic: PhysicalFunction | undefined;
  /** One refusal keeps none of the rest from being done. */
  readonly refusals: readonly (Refusal | undefined)[];
  /** What was to be written, in words; undefined where nothing was. */
  readonly tried?: string | undefined;
}

/**
 * Makes drivers and MTUs what is asked for; drivers first, since an interface comes with its driver, and with the MTU of all
 * new ones. Resolves with nothing where the object was changed before anything was done.
 */
export async function applySettings(work: SettingsWork): Promise<SettingsResult | undefined> {
  const { kernel, device, nic: before, groups, users, deadlineMs } = work;
  let nic: PhysicalFunction | undefined = before;
  if (isWork(planSettings(device, before, groups, useOf(before, users)))) {
    // VFs may have been taken since they were last looked at.
    await users.refresh();
    nic = await kernel.physicalFunction(before.address);
    if (nic === undefined) return { nic, refusals: [] };
    if (!work.isCurrent()) return undefined;
  }
  const use = useOf(nic, users);
  const plan = planSettings(device, nic, groups, use);
  const rebound = await applyRebinds({ ...work, nic }, plan.rebinds, use);
  if (rebound.nic === undefined) return rebound;
  const targets = (now: PhysicalFunction): MtuTarget[] => mtuTargets(device, now, groups, use.users);
  const set = await setMtus(kernel, rebound.nic, targets, deadlineMs);
  const tried = isWork(plan) ? describeSettings(plan, groups) : undefined;
  return { nic: set.nic, refusals: [...rebound.refusals, set.refusal], tried };
}

export function useOf(nic: PhysicalFunction, users: Pick<VfUsers, "of" | "silent">): VfUse {
  return { users: users.of(nic), silent: users.silent() };
}

async function applyRebinds(
  work: SettingsWork,
  { free, used, unknown }: RebindPlan,
  { users, silent }: VfUse,
): Promise<SettingsResult> {
  const { kernel, nic, groups, settleDeadlineMs } = work;
  const refusals = [
    used.length > 0 ? describeUsed(used, groups, users) : undefined,
    unknown.length > 0 ? describeUnknown(unknown, silent) : undefined,
  ];
  if (free.length === 0) return { nic, refusals };
  const refusal = await rebind(work, free);
  const settled = await waitUntilSettled(kernel, nic.address, settleDeadlineMs);
  const missed = settled && verifyRebound(settled.nic, groups, free);
  return { nic: settled?.nic, refusals: [...refusals, refusal ?? missed] };
}

/** Of a NIC that must not be changed. */
export function settingsNotEligible(reason: string): Refusal {
  const message =
    `MTUs and drivers are not as asked, and are left as they are: ${reason}. Free the NIC from that, or take it out of ` +
    `the policies that select it.`;
  return { kind: "notEligible", message };
}
