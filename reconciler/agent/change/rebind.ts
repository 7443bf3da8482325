import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { KernelError, type PciAddress, type PhysicalFunction, type VirtualFunction } from "../../kernel/kernel.js";
import { describeUnbound } from "./bind.js";
import { listUsed } from "./guard.js";
import type { Refusal } from "./outcome.js";
import type { Work } from "./phase.js";
import { refused } from "./refusal.js";
import type { VfGroups } from "./vf-groups.js";

/** Which VFs of a NIC have another driver than their group is to have. */
export interface RebindPlan {
  /** These get it. */
  readonly free: readonly VirtualFunction[];
  /** These keep theirs, since somebody uses them. */
  readonly used: readonly VirtualFunction[];
  /** These keep theirs, since it is not known whether somebody does. */
  readonly unknown: readonly VirtualFunction[];
}

/** Who uses a NIC's VFs. */
export interface VfUse {
  /** Those in use, each with who holds it. */
  readonly users: ReadonlyMap<PciAddress, string>;
  /** Who does not answer though he would know of more, in words. */
  readonly silent: string | undefined;
}

/** Pure. */
export function planRebinds(nic: PhysicalFunction, groups: VfGroups, { users, silent }: VfUse): RebindPlan {
  const wrong = nic.virtualFunctions.filter((vf) => hasWrongDriver(vf, nic, groups));
  const unused = wrong.filter(({ address }) => !users.has(address));
  // A VF without a driver is in nobody's hands; or between two drivers, by whoever holds it.
  const driven = ({ driver }: VirtualFunction): boolean => driver !== undefined;
  return {
    free: silent === undefined ? unused : unused.filter((vf) => !driven(vf)),
    used: wrong.filter(({ address }) => users.has(address)).filter(driven),
    unknown: silent === undefined ? [] : unused.filter(driven),
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

/** `VF 1 (0000:01:10.2): igbvf → vfio-pci`. */
export function describeRebind(vf: VirtualFunction, groups: VfGroups): string {
  return `${describe(vf)}: ${vf.driver ?? "no driver"} → ${groups.isForGuest(vf) ? VFIO_DRIVER : "its network driver"}`;
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

export function describeUnknown(vfs: readonly VirtualFunction[], silent: string | undefined): Refusal {
  const message =
    `${vfs.length} VFs keep a driver that is not that of their group, since it is not known who uses them: ` +
    `${silent ?? ""}. They get it once that answers.`;
  return { kind: "usersUnknown", message };
}

function describeKept(vf: VirtualFunction, { message }: KernelError): string {
  return `${describe(vf)} is in a netdevice group, but could not be given back by ${vf.driver ?? "the node"}: ${message}.`;
}

function describe({ index, address }: VirtualFunction): string {
  return `VF ${index} (${address})`;
}
