import type { VfGroup } from "../../api/sriov-network-device.js";
import { type Demand, describeNic } from "./demand.js";
import type { DevicePlan, MatchProblem } from "./policy-plan.js";
import { priorityOf } from "./precedence.js";
import type { NicFacts, PolicyFacts } from "./snapshot.js";
import { type VfRange, formatVfRange, overlaps } from "./vf-range.js";

export interface Merge {
  readonly plan: DevicePlan;
  /** By name of the policy that does not get its VFs. */
  readonly problems: ReadonlyMap<string, MatchProblem>;
}

/** What a NIC is to be by what policies want of it, at least one, ordered by precedence. */
export function merge(nic: NicFacts, demands: readonly Demand[]): Merge {
  const forVfs = demands.filter(wantsVfs);
  const { winners, problems } = shareOut(nic, forVfs);
  const heard = winners.length > 0 ? forVfs.filter((demand) => isHeard(demand, winners)) : demands;
  const external = heard[0]?.policy.spec.externallyManaged === true;
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

type DemandForVfs = Demand & { readonly range: VfRange };

function wantsVfs(demand: Demand): demand is DemandForVfs {
  return demand.range !== undefined;
}

/** Each gets its VFs unless one that goes before, and gets its own, is in the way. */
function shareOut(nic: NicFacts, demands: readonly DemandForVfs[]) {
  const winners: DemandForVfs[] = [];
  const problems = new Map<string, MatchProblem>();
  const byResource = new Map<string, DemandForVfs>();
  for (const demand of demands) {
    const problem =
      externalProblem(nic, demand, winners) ??
      resourceProblem(nic, demand, byResource.get(demand.policy.spec.resourceName)) ??
      overlapProblem(nic, demand, winners);
    if (problem !== undefined) {
      problems.set(demand.policy.name, problem);
      continue;
    }
    winners.push(demand);
    byResource.set(demand.policy.spec.resourceName, demand);
  }
  return { winners, problems };
}

/** Number and MTU are asked of those that get their VFs, and of those of equal priority, as in the operator. */
function isHeard(demand: Demand, winners: readonly Demand[]): boolean {
  return winners.some(
    ({ policy }) =>
      policy.name === demand.policy.name ||
      (priorityOf(policy) === priorityOf(demand.policy) && isExternal(policy) === isExternal(demand.policy)),
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

function isExternal(policy: PolicyFacts): boolean {
  return policy.spec.externallyManaged === true;
}

function externalProblem(nic: NicFacts, { policy }: Demand, winners: readonly Demand[]): MatchProblem | undefined {
  const first = winners[0]?.policy;
  if (first === undefined || isExternal(first) === isExternal(policy)) return undefined;
  const makers = ["leaves the VFs to somebody else", "has them made here"];
  const [firstWants, thisWants] = isExternal(first) ? makers : [...makers].reverse();
  return {
    kind: "externallyManaged",
    message:
      `Policy ${first.name}, which goes before, ${String(firstWants)} on ${describeNic(nic)}, and policy ${policy.name} ${String(thisWants)}. ` +
      `Set externallyManaged alike in both, or have one of them select other NICs.`,
  };
}

function resourceProblem(nic: NicFacts, { policy }: Demand, rival: DemandForVfs | undefined): MatchProblem | undefined {
  if (rival === undefined) return undefined;
  return {
    kind: "sameResource",
    message:
      `Policy ${rival.policy.name}, which goes before, has VFs of ${describeNic(nic)} under the resource name ` +
      `${policy.spec.resourceName}, as policy ${policy.name} would. Give one of them another resourceName, ` +
      `or have one of them select other NICs.`,
  };
}

function overlapProblem(
  nic: NicFacts,
  { policy, range }: DemandForVfs,
  winners: readonly DemandForVfs[],
): MatchProblem | undefined {
  const rival = winners.find((winner) => overlaps(winner.range, range));
  if (rival === undefined) return undefined;
  return {
    kind: "overlap",
    message:
      `Policy ${rival.policy.name}, which goes before, has the VFs ${formatVfRange(rival.range)} of ${describeNic(nic)}, ` +
      `and policy ${policy.name} wants ${formatVfRange(range)}. Give them ranges that do not overlap in their pfNames ` +
      `(${nic.interfaceName}#0-3), or give ${policy.name} a lower priority number.`,
  };
}
