import { KernelError, type PciAddress, type PhysicalFunction, type VirtualFunction } from "../../kernel/kernel.js";
import { describeUnbound } from "./bind.js";
import { listUsed } from "./guard.js";
import type { Refusal } from "./outcome.js";
import type { Work } from "./phase.js";
import { refused } from "./refusal.js";
import { VFIO_DRIVER, type VfGroups } from "./vf-groups.js";

/** Which VFs of a NIC have another driver than their group is to have. */
export interface RebindPlan {
  /** These get it. */
  readonly free: readonly VirtualFunction[];
  /** These stay as they are, since somebody uses them. */
  readonly used: readonly VirtualFunction[];
}

/** Pure. `users` are the NIC's VFs that are in use, each with who holds it. */
export function planRebinds(
  nic: PhysicalFunction,
  groups: VfGroups,
  users: ReadonlyMap<PciAddress, string>,
): RebindPlan {
  const wrong = nic.virtualFunctions.filter((vf) => hasWrongDriver(vf, nic, groups));
  return {
    free: wrong.filter(({ address }) => !users.has(address)),
    // One without a driver is between two of them, and whoever holds it is at work on that.
    used: wrong.filter(({ address, driver }) => users.has(address) && driver !== undefined),
  };
}

function hasWrongDriver(vf: VirtualFunction, { driversAutoprobe }: PhysicalFunction, groups: VfGroups): boolean {
  const group = groups.of(vf);
  if (group === undefined) return false;
  if (groups.isForGuest(vf)) return group.deviceType === VFIO_DRIVER && vf.driver !== VFIO_DRIVER;
  // Where autoprobe is off, somebody wants VFs without drivers.
  return vf.driver === VFIO_DRIVER || (vf.driver === undefined && driversAutoprobe);
}

/** Gives each of `vfs` the driver of its group. What the kernel answers where it does not is in words. */
export async function rebind(
  { kernel, groups, deadlineMs }: Pick<Work, "kernel" | "groups" | "deadlineMs">,
  vfs: readonly VirtualFunction[],
): Promise<Refusal | undefined> {
  const problems: string[] = [];
  for (const vf of vfs) {
    const driver = groups.isForGuest(vf) ? VFIO_DRIVER : undefined;
    try {
      // Whoever bound it to that: an operator that was here before leaves no override.
      await kernel.bindDriver(vf.address, driver, { deadlineMs, takeFrom: VFIO_DRIVER });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      problems.push(driver === undefined ? describeKept(vf, error) : describeUnbound(vf, groups, error));
    }
  }
  return problems.length === 0 ? undefined : refused(problems.join(" "));
}

/** What the kernel took without an error and did not do. `asked` are the VFs that were given another driver. Pure. */
export function verifyRebound(
  nic: PhysicalFunction,
  groups: VfGroups,
  asked: readonly VirtualFunction[],
): Refusal | undefined {
  const addresses = new Set(asked.map(({ address }) => address));
  const wrong = nic.virtualFunctions.filter((vf) => addresses.has(vf.address) && hasWrongDriver(vf, nic, groups));
  if (wrong.length === 0) return undefined;
  const found = wrong.map((vf) => `${describe(vf)} has ${vf.driver ?? "no driver"}`).join("; ");
  return refused(
    `the kernel was asked to give VFs of a netdevice group their network driver, and did not: ${found}. Load the module ` +
      `of that driver (modprobe), and look for what else binds VFs to ${VFIO_DRIVER} on the node (driverctl, new_id).`,
  );
}

export function describeUsed(
  vfs: readonly VirtualFunction[],
  groups: VfGroups,
  users: ReadonlyMap<PciAddress, string>,
): Refusal {
  const used = vfs.map((vf) => ({
    ...{ address: vf.address, interfaceName: vf.interfaces[0]?.name },
    usedBy: users.get(vf.address) ?? "",
  }));
  const policies = [...new Set(vfs.map((vf) => groups.of(vf)?.policyName ?? ""))].sort().join(", ");
  const message =
    `VFs keep a driver that is not that of their group, since they are in use: ${listUsed(used)}. They get it once ` +
    `nobody uses them: release them, or set the deviceType of policy ${policies} back.`;
  return { kind: "groupsInUse", message };
}

export function describeUnknown(silent: string): Refusal {
  const message = `VFs that should have another driver keep theirs, and it is not known who uses them: ${silent}. It is done once that answers.`;
  return { kind: "usersUnknown", message };
}

function describeKept(vf: VirtualFunction, { message }: KernelError): string {
  return `${describe(vf)} is in a netdevice group, but could not be given back by ${vf.driver ?? "the node"}: ${message}.`;
}

function describe({ index, address }: VirtualFunction): string {
  return `VF ${index} (${address})`;
}
