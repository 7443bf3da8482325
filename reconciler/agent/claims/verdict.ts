import { ClaimReason, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { type ClaimRefusal, claimRefusal } from "../../../plan/claims/claim-refusal.js";
import type { GroupMember } from "../../../plan/claims/iommu-group.js";
import type { PciFunctionDetail } from "../../kernel/kernel.js";
import { type Holder, inWords } from "../usage/holders.js";
import { ELSEWHERE, interfaceUser } from "../usage/interface-users.js";

/** What of a claim's verdict the kernel does not tell of the device itself. */
export interface VerdictFacts {
  /** Who has the device beside its claims. */
  readonly holders: readonly Holder[];
  /** Who does not answer though he would know of users, in words. */
  readonly silent: string | undefined;
  /** Why the node needs the device. */
  readonly management: string | undefined;
  /** The others of its IOMMU group. */
  readonly groupMembers: readonly GroupMember[];
}

/** Why a device that is not bound for its claim yet is not, or nothing. Pure. */
export function verdict(found: PciFunctionDetail, facts: VerdictFacts): ClaimRefusal | undefined {
  const { numVfs, mounts } = found;
  const { management, silent, groupMembers } = facts;
  const refusal = claimRefusal({
    ...{ device: found, users: usersOf(found, facts.holders) },
    ...{ numVfs, mounts, groupMembers, management },
  });
  if (refusal !== undefined) return refusal;
  // A device without a driver is in nobody's hands.
  if (silent === undefined || found.driver === undefined) return undefined;
  const message =
    `${found.address} is not taken from ${found.driver}, since it is not known who uses it: ${silent}. It is bound to ` +
    `${VFIO_DRIVER} once that answers.`;
  return { reason: ClaimReason.UsersUnknown, message };
}

function usersOf(found: PciFunctionDetail, holders: readonly Holder[]): string[] {
  // Who has one of several devices has none that the node's own driver has.
  const users = holders.filter(({ sure }) => sure || found.driver === VFIO_DRIVER);
  const onInterface = interfaceUser(found);
  // The other network namespace is the pod's.
  const isTold = onInterface === undefined || (onInterface === ELSEWHERE && users.length > 0);
  return [...users.map(inWords), ...(isTold ? [] : [onInterface])];
}
