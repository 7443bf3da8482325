import { isDeepStrictEqual } from "node:util";
import { Annotation, pciDeviceName } from "../../../api/names.js";
import type { Condition } from "../../../api/object.js";
import {
  ELIGIBLE,
  POLICY_CONFLICT,
  READY,
  ReadyReason,
  type SriovNetworkDevice,
  type SriovNetworkDeviceStatus,
  type VirtualFunctionStatus,
} from "../../../api/sriov-network-device.js";
import type { PciAddress, PhysicalFunction, VirtualFunction } from "../../kernel/kernel.js";
import { isManaged, wantedCount } from "./decide.js";
import { type Outcome, reasonOf, type Refusal } from "./outcome.js";

/** A status as a pass makes it; since when its conditions hold is found when it is written. */
export type Report = Partial<Omit<SriovNetworkDeviceStatus, "conditions">> & {
  readonly observedGeneration: number;
  readonly conditions: readonly ReportedCondition[];
};

export type ReportedCondition = Omit<Condition, "lastTransitionTime">;

/** Whether the NIC may be changed at all, and why not. */
export interface Eligibility {
  readonly eligible: boolean;
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
}

export interface Finding {
  readonly nic: PhysicalFunction;
  readonly outcome: Outcome;
  /** The NIC's VFs that are in use, each with who holds it. */
  readonly users: ReadonlyMap<PciAddress, string>;
  readonly eligibility: Eligibility;
}

/** The last phase: what the hardware is now, as a status. Pure. */
export function reportFinding(device: SriovNetworkDevice, finding: Finding): Report {
  const { nic, outcome, users, eligibility } = finding;
  const { nodeName } = device.spec;
  const virtualFunctions = nic.virtualFunctions.map((vf) => virtualFunctionStatus(nodeName, vf, users.get(vf.address)));
  const port = nic.interfaces[0];
  return {
    status: nic.numVfs > 0 ? "sriovNetworkDeviceEnabled" : "sriovNetworkDeviceDisabled",
    vfAddresses: virtualFunctions.map((vf) => vf.address),
    vfPCIDevices: virtualFunctions.map((vf) => vf.pciDevice),
    totalVFs: nic.totalVfs,
    interfaceName: port?.name ?? "",
    vendorId: nic.vendorId,
    deviceId: nic.deviceId,
    driver: nic.driver ?? "",
    macAddress: port?.macAddress ?? "",
    linkState: port?.linkState ?? "",
    linkType: port?.linkType ?? "",
    mtu: port?.mtu ?? 0,
    alternativeNames: port?.alternativeNames ?? [],
    virtualFunctions,
    ...said(device, readiness(outcome, nic), {
      type: ELIGIBLE,
      status: eligibility.eligible ? "True" : "False",
      reason: eligibility.reason,
      message: eligibility.message,
    }),
  };
}

/** Of a device whose NIC is not there any more: nothing of its VFs is kept. */
export function reportGone(device: SriovNetworkDevice): Report {
  const message =
    `no SR-IOV device has the address ${device.spec.address} on ${device.spec.nodeName} any more. ` +
    `Put the NIC back, or delete this object.`;
  return {
    status: "sriovNetworkDeviceDisabled",
    vfAddresses: [],
    vfPCIDevices: [],
    virtualFunctions: [],
    ...said(device, ready(false, ReadyReason.DeviceGone, message)),
  };
}

/** Of a device whose NIC is there and cannot be read: the rest of the status stays as it was. */
export function reportUnreadable(device: SriovNetworkDevice, refusal: Refusal): Report {
  return said(device, ready(false, reasonOf(refusal), refusal.message));
}

/** A new generation was seen and is being worked on; the rest of the status stays as it was. */
export function acknowledge(device: SriovNetworkDevice): Report {
  const { virtualFunctions = [] } = device.status ?? {};
  const isCountKept = !isManaged(device) || virtualFunctions.length === wantedCount(device);
  const work = isCountKept ? "setting MTU and drivers" : `changing the count to ${wantedCount(device)}`;
  return said(device, ready(false, ReadyReason.Configuring, work));
}

/**
 * The object's conditions with what is reported: those of others stay, and one that holds already keeps its time. Of the
 * agent's own, {@link POLICY_CONFLICT} goes where it is not reported.
 */
export function withConditions(
  existing: readonly Condition[],
  reported: readonly ReportedCondition[],
  now: Date,
): Condition[] {
  const stamped = reported.map((condition) => {
    const previous = existing.find(({ type }) => type === condition.type);
    const time = previous?.status === condition.status ? previous.lastTransitionTime : wholeSeconds(now);
    return { ...condition, lastTransitionTime: time };
  });
  const own = new Set([POLICY_CONFLICT, ...reported.map(({ type }) => type)]);
  return [...stamped, ...existing.filter(({ type }) => !own.has(type))];
}

/** Would writing `next` change anything? */
export function isReported(device: SriovNetworkDevice, next: Partial<SriovNetworkDeviceStatus>): boolean {
  const current: Readonly<Record<string, unknown>> = { ...device.status };
  return Object.entries(next).every(([field, value]) => isDeepStrictEqual(current[field], value));
}

type Said = Omit<ReportedCondition, "observedGeneration">;

/** What every report says, whatever it is about. */
function said(
  device: SriovNetworkDevice,
  ...conditions: readonly Said[]
): Pick<Report, "observedGeneration" | "countManaged" | "conditions"> {
  const observedGeneration = device.metadata.generation ?? 1;
  const all = [...conditions, ...conflictCondition(device)];
  return {
    observedGeneration,
    countManaged: isManaged(device),
    conditions: all.map((condition) => ({ ...condition, observedGeneration })),
  };
}

/** What the controller says of policies that want the NIC otherwise; only the agent may write status. */
export function policyConflict({ metadata }: SriovNetworkDevice): string | undefined {
  return metadata.annotations?.[Annotation.policyConflict];
}

function conflictCondition(device: SriovNetworkDevice): Said[] {
  const message = policyConflict(device)?.slice(0, LONGEST_MESSAGE);
  return message === undefined ? [] : [{ type: POLICY_CONFLICT, status: "True", reason: "Conflict", message }];
}

/** What the schema of a condition allows. */
const LONGEST_MESSAGE = 32_768;

function readiness(outcome: Outcome, nic: PhysicalFunction): Said {
  const count = `${nic.numVfs} of ${nic.totalVfs} VFs`;
  switch (outcome.kind) {
    case "configured":
      return ready(true, ReadyReason.Configured, [count, outcome.shortcoming].filter(Boolean).join("; "));
    case "unmanaged":
      return ready(true, ReadyReason.Unmanaged, `nobody has set a count; the NIC keeps ${count}`);
    default:
      return ready(false, reasonOf(outcome), outcome.message);
  }
}

function ready(is: boolean, reason: ReadyReason, message: string): Said {
  return { type: READY, status: is ? "True" : "False", reason, message };
}

function virtualFunctionStatus(
  nodeName: string,
  vf: VirtualFunction,
  usedBy: string | undefined,
): VirtualFunctionStatus {
  const port = vf.interfaces[0];
  return {
    index: vf.index,
    address: vf.address,
    pciDevice: pciDeviceName(nodeName, vf.address),
    ...(port && { interfaceName: port.name }),
    ...(vf.driver !== undefined && { driver: vf.driver }),
    ...(port?.macAddress !== undefined && { macAddress: port.macAddress }),
    ...(port?.mtu !== undefined && { mtu: port.mtu }),
    ...(vf.iommuGroup !== undefined && { iommuGroup: vf.iommuGroup }),
    ...(usedBy !== undefined && { usedBy }),
  };
}

function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
