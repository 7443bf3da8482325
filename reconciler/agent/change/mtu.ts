import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import {
  type Kernel,
  KernelError,
  type NetworkFunction,
  type PciAddress,
  type PhysicalFunction,
} from "../../kernel/kernel.js";
import type { Refusal } from "./outcome.js";
import type { Phase } from "./phase.js";
import { refused } from "./refusal.js";
import type { VfGroups } from "./vf-groups.js";

/** An interface whose MTU is not what is asked for. */
export interface MtuTarget {
  readonly address: PciAddress;
  readonly interfaceName: string;
  readonly wanted: number;
  readonly found: number;
  readonly driver: string | undefined;
}

export interface MtuResult {
  /** As it is afterwards; undefined where it vanished. */
  readonly nic: PhysicalFunction | undefined;
  readonly refusal: Refusal | undefined;
}

/**
 * The interfaces of a NIC whose MTU differs from what is asked for, the NIC's own first: drivers may refuse a VF more than
 * its NIC has. VFs in use are left to their users. Pure.
 */
export function mtuTargets(
  { spec }: Pick<SriovNetworkDevice, "spec">,
  nic: PhysicalFunction,
  groups: VfGroups,
  users: ReadonlyMap<PciAddress, string>,
): MtuTarget[] {
  const free = nic.virtualFunctions.filter(({ address }) => !users.has(address));
  return [...targetsOf(nic, spec.mtu), ...free.flatMap((vf) => targetsOf(vf, groups.of(vf)?.mtu))];
}

/**
 * Between the old VFs and the new ones, which some drivers give no MTU above the NIC's. A refusal costs no VF: it is told
 * once they are there, when all that is not as asked is tried again.
 */
export const setNicMtu: Phase = async ({ kernel, nic, mtu, deadlineMs }) => {
  for (const target of targetsOf(nic, mtu)) await write(kernel, target, deadlineMs);
  return undefined;
};

/** Sets what `targets` finds, and looks whether it is so: interfaces may be renamed in between. */
export async function setMtus(
  kernel: Kernel,
  before: PhysicalFunction,
  targets: (nic: PhysicalFunction) => readonly MtuTarget[],
  deadlineMs: number,
): Promise<MtuResult> {
  const refusals = new Map<PciAddress, string>();
  const open = (nic: PhysicalFunction): MtuTarget[] => targets(nic).filter(({ address }) => !refusals.has(address));
  let nic = before;
  for (let attempt = 0; attempt < ATTEMPTS && open(nic).length > 0; attempt++) {
    for (const target of open(nic)) {
      const error = await write(kernel, target, deadlineMs);
      if (error !== undefined && error.code !== "ENOENT") refusals.set(target.address, describeRefusal(target, error));
    }
    const now = await kernel.physicalFunction(before.address);
    if (now === undefined) return { nic: undefined, refusal: undefined };
    nic = now;
  }
  const problems = [...refusals.values(), ...open(nic).map(describeMiss)];
  return { nic, refusal: problems.length === 0 ? undefined : refused(problems.join(" ")) };
}

/** The second is for an interface that was renamed between the look and the write. */
const ATTEMPTS = 2;

function targetsOf({ address, interfaces, driver }: NetworkFunction, wanted: number | undefined): MtuTarget[] {
  if (wanted === undefined) return [];
  return interfaces.flatMap(({ name, mtu: found }) =>
    found === undefined || found === wanted ? [] : [{ address, interfaceName: name, wanted, found, driver }],
  );
}

async function write(kernel: Kernel, target: MtuTarget, deadlineMs: number): Promise<KernelError | undefined> {
  try {
    await kernel.setMtu(target.address, target.interfaceName, target.wanted, { deadlineMs });
    return undefined;
  } catch (error) {
    if (error instanceof KernelError) return error;
    throw error;
  }
}

function describeRefusal(target: MtuTarget, error: KernelError): string {
  const { address, interfaceName, wanted, found } = target;
  return `${interfaceName} (${address}) keeps the MTU ${found}, not ${wanted}: ${error.message}. ${adviceOn(error, target)}`;
}

function adviceOn({ code }: KernelError, { interfaceName, driver }: MtuTarget): string {
  if (code === "EPERM" || code === "EACCES") return "Give the agent CAP_NET_ADMIN, and let it run as root.";
  if (code === "EROFS") return "Mount the node's /sys read-write into the agent's container.";
  const range = `"ip -d link show ${interfaceName}" on the node tells which ones (minmtu, maxmtu)`;
  return `Ask for an MTU that its driver${driver === undefined ? "" : `, ${driver},`} supports: ${range}.`;
}

function describeMiss({ address, interfaceName, wanted, found }: MtuTarget): string {
  return (
    `the kernel took the MTU ${wanted} for ${interfaceName} (${address}) without an error, and it is ${found}: look for ` +
    `who else sets it (a network manager, a bond or bridge that it is in).`
  );
}
