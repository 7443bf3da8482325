import { ClaimReason, VFIO_DRIVER } from "../../api/pci-device-claim.js";
import { type ClaimedFunction, type GroupMember, holdsGroup, isBridge } from "./iommu-group.js";

/** Why a device is not handed to guests. */
export interface ClaimRefusal {
  readonly reason: ClaimReason;
  /** What was not done, why, and what to do next, for people. */
  readonly message: string;
}

/** All that decides whether a device may be handed to guests; what is absent is not known, or there is none of it. */
export interface ClaimFacts {
  readonly device: ClaimedFunction & {
    /** Absent, or empty, where it has none. */
    readonly iommuGroup?: string | undefined;
  };
  /** Who uses the device, in words, the claim itself aside. */
  readonly users: readonly string[];
  /** How many virtual functions it has. */
  readonly numVfs?: number | undefined;
  /** Why the node needs it: `eth0 carries the node's default route (eth0)`. */
  readonly management?: string | undefined;
  /** What the node has mounted, or swaps on, of a disk behind it: `nvme0n1p2 at /`. */
  readonly mounts?: readonly string[] | undefined;
  /** The other functions of its IOMMU group. */
  readonly groupMembers?: readonly GroupMember[] | undefined;
  /** Does any function of the node have an IOMMU group? */
  readonly hasIommu?: boolean | undefined;
}

/** Why the claim of a device is refused, or nothing. The first rule that is broken is told. Pure. */
export function claimRefusal(facts: ClaimFacts): ClaimRefusal | undefined {
  for (const [reason, rule] of RULES) {
    const cause = rule(facts);
    if (cause !== undefined) return { reason, message: `${notTaken(facts.device)}: ${cause}` };
  }
  return undefined;
}

/** `0000:04:10.2 is not taken from igbvf`. */
function notTaken({ address, driver }: ClaimedFunction): string {
  return driver && driver !== VFIO_DRIVER ? `${address} is not taken from ${driver}` : `${address} is not handed out`;
}

/** Says what is in the way and what to do, if something is. */
type Rule = (facts: ClaimFacts) => string | undefined;

const bridge: Rule = ({ device }) =>
  isBridge(device)
    ? `it is a bridge (class ${device.classId.slice(0, 4)}), by which the node reaches other devices. Claim one of those.`
    : undefined;

const needed: Rule = ({ management }) =>
  management ? `${management}. Free it from that, or claim another device.` : undefined;

const mounted: Rule = ({ mounts = [] }) =>
  mounts.length > 0
    ? `the node uses disks of it: ${listed(mounts)}. Unmount them (umount, swapoff), or claim another device.`
    : undefined;

const hasVfs: Rule = ({ device, numVfs = 0 }) =>
  numVfs > 0
    ? `it has ${numVfs} ${numVfs === 1 ? "virtual function" : "virtual functions"}, which would go. ` +
      `Set numVFS of the SriovNetworkDevice with address ${device.address} to 0 first, or claim one of them.`
    : undefined;

const inUse: Rule = ({ users }) =>
  users.length > 0 ? `it is in use by ${listed(users)}. Release it there, or claim another device.` : undefined;

const noIommu: Rule = ({ device, hasIommu }) => {
  if (device.iommuGroup) return undefined;
  const cause =
    hasIommu === true
      ? "it has no IOMMU group, although others of the node have one"
      : "it has no IOMMU group: the node's IOMMU is off, or there is none";
  return `${cause}. Switch the IOMMU on in the firmware (VT-d, AMD-Vi, SMMU) and boot with intel_iommu=on or its like.`;
};

const groupInUse: Rule = ({ device, groupMembers = [] }) => {
  const holding = groupMembers.filter((member) => member.claim === undefined && holdsGroup(member));
  if (holding.length === 0) return undefined;
  const names = listed(holding.map(({ address, driver }) => `${address} (${driver ?? ""})`));
  const [they, have, them] = holding.length === 1 ? ["it", "has", "it"] : ["they", "have", "them"];
  return (
    `IOMMU group ${device.iommuGroup ?? ""}, of which a guest gets all or nothing, also has ${names}, and the node uses ` +
    `${them}. Claim ${them} too, or unbind ${them} as long as ${they} ${have} a driver of the node; or put the card into ` +
    `a slot with a group of its own (ACS).`
  );
};

const RULES: readonly (readonly [ClaimReason, Rule])[] = [
  [ClaimReason.NotEligible, bridge],
  [ClaimReason.NotEligible, needed],
  [ClaimReason.NotEligible, mounted],
  [ClaimReason.NotEligible, hasVfs],
  [ClaimReason.InUse, inUse],
  [ClaimReason.NoIommu, noIommu],
  [ClaimReason.GroupInUse, groupInUse],
];

/** A condition's message holds 32,768 characters, and no reader that many. */
const MOST_LISTED = 16;

function listed(words: readonly string[]): string {
  const more = words.length - MOST_LISTED;
  return [...words.slice(0, MOST_LISTED), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
