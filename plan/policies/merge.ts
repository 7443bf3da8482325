import type { VfGroup } from "../../api/sriov-network-device.js";
import { conflictWith } from "./conflict.js";
import { type Demand, type DemandForVfs, isExternal, wantsVfs } from "./demand.js";
import type { DescribedNic } from "./described-nic.js";
import type { DevicePlan, MatchProblem } from "./policy-plan.js";
import { priorityOf } from "./precedence.js";
import { formatVfRange } from "./vf-range.js";

export interface Merge {
  readonly plan: DevicePlan;
  /** By name of the policy that does not get its VFs. */
  readonly problems: ReadonlyMap<string, MatchProblem>;
}

/** What a NIC is to be by what policies want of it, at least one, ordered by precedence. */
export function merge(nic: DescribedNic, demands: readonly Demand[]): Merge {
  const forVfs = demands.filter(wantsVfs);
  const { winners, problems } = shareOut(nic, forVfs);
  const heard = winners.length > 0 ? forVfs.filter((demand) => isHeard(demand, winners)) : demands;
  const external = heard.some(isExternal);
  const plan: DevicePlan = {
    device: nic.device,
    nodeName: nic.nodeName,
    numVfs: external ? undefined : largest(heard.map(({ policy }) => policy.spec.numVfs)),
    mtu: external ? undefined : largest(heard.map(({ policy }) => policy.spec.mtu)),
    vfGroups: [...winners].sort((a, b) => a.range.first - b.range.first).map(groupOf),
    policies: heard.map(({ policy }) => policy.name),
  };
  return { plan, problems };
}

/** Each gets its VFs unless one that goes before, and gets its own, is in the way. */
function shareOut(nic: DescribedNic, demands: readonly DemandForVfs[]) {
  const winners: DemandForVfs[] = [];
  const problems = new Map<string, MatchProblem>();
  for (const demand of demands) {
    const conflict = conflictWith(winners, demand, nic);
    if (conflict === undefined) winners.push(demand);
    else problems.set(demand.policy.name, conflict);
  }
  return { winners, problems };
}

/** Number and MTU are asked of those that get their VFs, and of those of equal priority, as in the operator. */
function isHeard(demand: Demand, winners: readonly Demand[]): boolean {
  return winners.some(
    (winner) => priorityOf(winner.policy) === priorityOf(demand.policy) && isExternal(winner) === isExternal(demand),
  );
}

function largest(numbers: readonly (number | undefined)[]): number | undefined {
  const given = numbers.filter((number) => number !== undefined);
  return given.length === 0 ? undefined : Math.max(...given);
}

function groupOf({ policy: { name, spec }, range }: DemandForVfs): VfGroup {
  return {
    resourceName: spec.resourceName,
    policyName: name,
    vfRange: formatVfRange(range),
    deviceType: spec.deviceType ?? "netdevice",
    ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }),
    ...(spec.needVhostNet === true ? { needVhostNet: true } : {}),
    ...(spec.excludeTopology === true ? { excludeTopology: true } : {}),
  };
}
