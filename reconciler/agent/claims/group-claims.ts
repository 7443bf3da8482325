import { claimReady, ClaimReason, type PciDeviceClaim, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { type ClaimRefusal, claimRefusal } from "../../../plan/claims/claim-refusal.js";
import { type GroupMember, holdsGroup, takesAlong } from "../../../plan/claims/iommu-group.js";
import { KernelError, type PciFunction, type PciFunctionDetail } from "../../kernel/kernel.js";
import { inWords } from "../usage/holders.js";
import type { ClaimParts } from "./claim-parts.js";
import {
  groupBeingGivenBackWords,
  groupIncompleteWords,
  groupInUseWords,
  groupOfferedWords,
  movedWords,
} from "./claim-words.js";
import { verdict } from "./verdict.js";

type GroupParts = Pick<ClaimParts, "kernel" | "users" | "whyNeeded" | "claimOf" | "isToBeGivenBack">;

/**
 * What claims of the other functions of a device's IOMMU group mean for its own. A guest gets a group whole, so that they take
 * their devices one after the other, and none is offered before the last of them, or after the first that is given back.
 */
export class GroupClaims {
  constructor(private readonly parts: GroupParts) {}

  /** The others of the group, each with the claim that will take it from the node's driver, if one will. */
  async members({ groupMembers }: PciFunctionDetail): Promise<GroupMember[]> {
    const claims = await Promise.all(groupMembers.map((member) => this.claimTaking(member)));
    return groupMembers.map((member, index) => ({ ...member, claim: claims[index] }));
  }

  /** Why a device that is bound for its claim is not offered yet, or not any more; nothing where it may be. */
  async whyNotOffered(found: PciFunctionDetail): Promise<ClaimRefusal | undefined> {
    const groupMembers = await this.members(found);
    const refusal = claimRefusal({ device: found, users: [], groupMembers });
    if (refusal?.reason === ClaimReason.GroupInUse) return refusal;
    const missing = groupMembers.filter(holdsGroup);
    if (missing.length > 0) return { reason: ClaimReason.Binding, message: groupIncompleteWords(found, missing) };
    const leaving = found.groupMembers.find((member) => this.isBeingGivenBack(member));
    return leaving && { reason: ClaimReason.GroupInUse, message: groupBeingGivenBackWords(found, leaving.address) };
  }

  /** Why a driver of the node must not have a device of the group yet, in words: a guest has, or may get, the others. */
  whyKept(found: PciFunctionDetail): string | undefined {
    for (const { address, driver } of found.groupMembers) {
      if (driver !== VFIO_DRIVER) continue;
      const holders = this.parts.users.holdersOf(address);
      if (holders.length > 0) return groupInUseWords(found, address, holders.map(inWords).join(", "));
      const claim = this.parts.claimOf(address);
      if (claim !== undefined && isOffered(claim)) return groupOfferedWords(found, claim);
    }
    return undefined;
  }

  private async claimTaking(member: PciFunction): Promise<string | undefined> {
    const claim = this.parts.claimOf(member.address);
    if (claim === undefined || !takesAlong(claim)) return undefined;
    // What it will be refused for is told only once it was looked at; nothing is taken from the node for that.
    if (holdsGroup(member) && !(await this.isFree(member, claim))) return undefined;
    return claim.metadata.name;
  }

  private async isFree({ address }: PciFunction, claim: PciDeviceClaim): Promise<boolean> {
    const { kernel, users, whyNeeded } = this.parts;
    try {
      const found = await kernel.pciFunction(address);
      if (found === undefined || movedWords(claim, found) !== undefined) return false;
      const facts = { holders: users.holdersOf(address), silent: undefined, management: whyNeeded(found) };
      return verdict(found, { ...facts, groupMembers: [] }) === undefined;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return false;
    }
  }

  private isBeingGivenBack({ address, driver }: PciFunction): boolean {
    const claim = this.parts.claimOf(address);
    if (claim?.metadata.deletionTimestamp === undefined || driver !== VFIO_DRIVER) return false;
    return this.parts.isToBeGivenBack(claim);
  }
}

function isOffered(claim: PciDeviceClaim): boolean {
  return claim.metadata.deletionTimestamp === undefined && claimReady(claim)?.status === "True";
}
