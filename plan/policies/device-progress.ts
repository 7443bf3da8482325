import { Annotation, isControllerFieldManager } from "../../api/names.js";
import {
  isUnmanaged,
  ReadyReason,
  readyCondition,
  type SriovNetworkDevice,
  type VfGroup,
} from "../../api/sriov-network-device.js";
import { MatchedDeviceState } from "../../api/sriov-network-node-policy.js";
import type { DevicePlan } from "./policy-plan.js";
import { parseVfRange } from "./vf-range.js";

export interface DeviceProgress {
  /** `Pending`: the controller has not applied the plan yet. */
  readonly state: MatchedDeviceState | "Pending";
  /** What is in the way, for people; absent where the state is `Ready` or nothing is known. */
  readonly message?: string;
}

/** How far a NIC is on its way to what policies want of it, by its object alone. */
export function progressOf(plan: DevicePlan, device: SriovNetworkDevice): DeviceProgress {
  if (!isApplied(plan, device)) return notApplied(plan, device);
  const condition = readyCondition(device);
  const isTakenUp = device.status?.observedGeneration === device.metadata.generation;
  if (condition === undefined || !isTakenUp || (plan.numVfs !== undefined && isUnmanaged(device)))
    return {
      state: MatchedDeviceState.Configuring,
      message: `the agent of node ${plan.nodeName} has not taken it up yet`,
    };
  if (condition.status === "True") return vfsMissing(plan, device) ?? { state: MatchedDeviceState.Ready };
  return { state: STATE_OF_REASON.get(condition.reason) ?? MatchedDeviceState.Failed, message: condition.message };
}

/** Reasons that say neither that the agent is at work nor why it cannot be are failures. */
const STATE_OF_REASON: ReadonlyMap<string, MatchedDeviceState> = new Map([
  [ReadyReason.Configuring, MatchedDeviceState.Configuring],
  [ReadyReason.InUse, MatchedDeviceState.InUse],
  [ReadyReason.GroupsInUse, MatchedDeviceState.InUse],
  [ReadyReason.TooManyVFs, MatchedDeviceState.Invalid],
]);

function isApplied(plan: DevicePlan, device: SriovNetworkDevice): boolean {
  return isCountApplied(plan, device) && isMtuApplied(plan, device) && areGroupsApplied(plan, device);
}

function isCountApplied({ numVfs }: DevicePlan, device: SriovNetworkDevice): boolean {
  if (numVfs === undefined) return !controllerHas(device, "f:numVFS");
  // The 0 of a device whose count nobody has declared is the API's default, and the NIC keeps what it has.
  return numVfs === (device.spec.numVFS ?? 0) && (owners(device, "f:numVFS").length > 0 || !isUnmanaged(device));
}

function isMtuApplied({ mtu }: DevicePlan, device: SriovNetworkDevice): boolean {
  return mtu === undefined ? !controllerHas(device, "f:mtu") : mtu === device.spec.mtu;
}

function areGroupsApplied({ vfGroups: wanted }: DevicePlan, device: SriovNetworkDevice): boolean {
  if (wanted.length === 0) return !controllerHas(device, "f:vfGroups");
  const { vfGroups = [] } = device.spec;
  return wanted.length === vfGroups.length && wanted.every((group, i) => isSameGroup(group, vfGroups[i]));
}

/** What the plan leaves alone somebody else may have set; only what the controller has is still to be let go of. */
function controllerHas(device: SriovNetworkDevice, field: string): boolean {
  return owners(device, field).some((manager = "") => isControllerFieldManager(manager));
}

/** The field managers that have set a field of the spec. */
function owners({ metadata }: SriovNetworkDevice, field: string): readonly (string | undefined)[] {
  const entries = metadata.managedFields ?? [];
  return entries.filter(({ fieldsV1 }) => fieldsV1?.["f:spec"]?.[field] !== undefined).map(({ manager }) => manager);
}

function isSameGroup(a: VfGroup, b: VfGroup | undefined): boolean {
  return (
    b !== undefined &&
    a.resourceName === b.resourceName &&
    a.policyName === b.policyName &&
    a.vfRange === b.vfRange &&
    (a.deviceType ?? "netdevice") === (b.deviceType ?? "netdevice") &&
    a.mtu === b.mtu &&
    (a.needVhostNet ?? false) === (b.needVhostNet ?? false) &&
    (a.excludeTopology ?? false) === (b.excludeTopology ?? false)
  );
}

function notApplied({ device }: DevicePlan, { metadata }: SriovNetworkDevice): DeviceProgress {
  const conflict = metadata.annotations?.[Annotation.policyConflict];
  if (conflict !== undefined) return { state: MatchedDeviceState.Conflict, message: conflict };
  return { state: "Pending", message: `the controller has not asked it of ${device} yet` };
}

/** Where somebody else makes the VFs, the agent is content with any number; the policy is not. */
function vfsMissing(plan: DevicePlan, device: SriovNetworkDevice): DeviceProgress | undefined {
  const present = device.status?.vfAddresses?.length ?? 0;
  const wanted = Math.max(0, ...plan.vfGroups.map(({ vfRange }) => (parseVfRange(vfRange)?.last ?? -1) + 1));
  if (plan.numVfs !== undefined || present >= wanted) return undefined;
  return {
    state: MatchedDeviceState.Configuring,
    message: `${plan.device} has ${present} of the ${wanted} VFs that somebody else is to make (externallyManaged)`,
  };
}
