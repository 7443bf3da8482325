import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import type { SriovNetworkDevice, VfGroup } from "../../../api/sriov-network-device.js";
import { parseVfRange } from "../../../plan/policies/vf-range.js";
import type { PciAddress, VirtualFunction } from "../../kernel/kernel.js";

/** Claimed VFs by address, each with its index where that is on record. */
export type ClaimedVfs = ReadonlyMap<PciAddress, number | undefined>;

/** What one NIC's object asks of single VFs. Those that are in no group, and are not claimed, stay as they are. */
export class VfGroups {
  private readonly ranges: readonly GroupRange[];

  /** @param claimed the NIC's VFs, there already or not, that guests have by a claim. */
  constructor(
    { spec }: Pick<SriovNetworkDevice, "spec">,
    private readonly claimed: ClaimedVfs,
  ) {
    this.ranges = (spec.vfGroups ?? []).flatMap((group) => {
      const range = parseVfRange(group.vfRange);
      return range === undefined ? [] : [{ ...range, group }];
    });
  }

  /** Nothing is asked of any VF. */
  get areNone(): boolean {
    return this.ranges.length === 0 && this.claimed.size === 0;
  }

  of({ index }: Pick<VirtualFunction, "index">): VfGroup | undefined {
    return this.ranges.find(({ first, last }) => first <= index && index <= last)?.group;
  }

  /** A claim does not move to another VF that has come to the address of its own. */
  isClaimed({ address, index }: Pick<VirtualFunction, "index" | "address">): boolean {
    return this.claimed.has(address) && (this.claimed.get(address) ?? index) === index;
  }

  /** Is a guest to have this VF? A claim says so whatever the VF's group says. */
  isForGuest(vf: Pick<VirtualFunction, "index" | "address">): boolean {
    return this.isClaimed(vf) || this.of(vf)?.deviceType === VFIO_DRIVER;
  }

  /** Is a guest to have any of so many VFs? Ranges may go beyond those. */
  anyForGuests(count: number): boolean {
    const isVfio = ({ first, group }: GroupRange): boolean => group.deviceType === VFIO_DRIVER && first < count;
    return this.claimed.size > 0 || this.ranges.some(isVfio);
  }

  /** Who wants this VF for a guest, for people. */
  whoseGuest(vf: Pick<VirtualFunction, "index" | "address">): string {
    if (this.isClaimed(vf)) return "is claimed for passthrough";
    const { resourceName, policyName } = this.of(vf) ?? {};
    return `is in the ${VFIO_DRIVER} group ${resourceName ?? ""} of policy ${policyName ?? ""}`;
  }
}

interface GroupRange {
  readonly first: number;
  readonly last: number;
  readonly group: VfGroup;
}
