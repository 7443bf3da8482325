import { Annotation } from "../../../api/names.js";
import { READY } from "../../../api/sriov-network-device.js";
import {
  type MatchedDevice,
  MatchedDeviceState,
  MAX_MATCHED_DEVICES,
  PolicyReason,
  type SriovNetworkNodePolicy,
  UNSUPPORTED,
} from "../../../api/sriov-network-node-policy.js";
import { maxUnavailableProblem } from "../../../plan/policies/policy-inputs.js";
import type { DevicePlan, PlannedPolicy, PolicyMatch } from "../../../plan/policies/policy-plan.js";
import type { ReportedCondition, ReportedStatus } from "./conditions.js";
import type { DeviceState } from "./device-roll-out.js";

/** What has come of one policy, as its status. Pure. */
export function policyStatus(
  policy: SriovNetworkNodePolicy,
  planned: PlannedPolicy,
  plans: ReadonlyMap<string, DevicePlan>,
  states: ReadonlyMap<string, DeviceState>,
): ReportedStatus {
  const devices = planned.matches.flatMap((match) => matchedDevice(match, plans.get(match.device), states));
  const conditions = [readyCondition(policy, planned, devices)];
  if (planned.unsupported.length > 0) conditions.push(unsupportedCondition(planned.unsupported));
  return {
    conditions,
    matched: devices.length,
    ready: devices.filter(({ state }) => state === MatchedDeviceState.Ready).length,
    matchedDevices: firstWithProblems(devices),
  };
}

/** Of a policy where none counts. */
export function strangerStatus(namespace: string): ReportedStatus {
  const message = `policies count only in the namespace of the reconciler, ${namespace}: create it there`;
  const ready = { type: READY, status: "False", reason: PolicyReason.OtherNamespace, message } as const;
  return { conditions: [ready], matched: 0, ready: 0, matchedDevices: [] };
}

/** Done as far as it can be, so that a permission that was given for it is used up. */
export function isDone({ matched, ready }: Pick<ReportedStatus, "matched" | "ready">): boolean {
  return matched > 0 && ready === matched;
}

function matchedDevice(
  match: PolicyMatch,
  plan: DevicePlan | undefined,
  states: ReadonlyMap<string, DeviceState>,
): MatchedDevice[] {
  const state = match.problem === undefined ? states.get(match.device) : problemState(match.problem);
  // Gone since the plan was made.
  if (state === undefined) return [];
  return [
    {
      name: match.device,
      nodeName: match.nodeName,
      interfaceName: match.interfaceName,
      address: match.address,
      ...(plan?.numVfs !== undefined && { numVfs: plan.numVfs }),
      ...(match.vfRange !== undefined && { vfRange: match.vfRange }),
      ...state,
    },
  ];
}

function problemState({ kind, message }: NonNullable<PolicyMatch["problem"]>): DeviceState {
  const byOthers = kind === "overlap" || kind === "sameResource" || kind === "externallyManaged";
  return { state: byOthers ? MatchedDeviceState.Conflict : MatchedDeviceState.Invalid, message };
}

const PROBLEMS: readonly MatchedDeviceState[] = [
  MatchedDeviceState.Conflict,
  MatchedDeviceState.Invalid,
  MatchedDeviceState.InUse,
  MatchedDeviceState.Failed,
];

function hasProblem({ state }: MatchedDevice): boolean {
  return PROBLEMS.includes(state);
}

/** As many as a status has room for; in their order, and none with a problem left out for one without. */
function firstWithProblems(devices: readonly MatchedDevice[]): readonly MatchedDevice[] {
  if (devices.length <= MAX_MATCHED_DEVICES) return devices;
  const without = devices.filter((device) => !hasProblem(device));
  const kept = new Set([...devices.filter(hasProblem), ...without].slice(0, MAX_MATCHED_DEVICES));
  return devices.filter((device) => kept.has(device));
}

function readyCondition(
  policy: SriovNetworkNodePolicy,
  { problems }: PlannedPolicy,
  devices: readonly MatchedDevice[],
): ReportedCondition {
  const say = (reason: PolicyReason, message: string): ReportedCondition => {
    const isTrue = reason === PolicyReason.Configured || reason === PolicyReason.NothingMatched;
    return { type: READY, status: isTrue ? "True" : "False", reason, message: message + limitProblem(policy) };
  };
  if (problems.length > 0) return say(PolicyReason.Invalid, problems.map(({ reason }) => reason).join("; "));
  const of = (...states: MatchedDeviceState[]): MatchedDevice[] =>
    devices.filter(({ state }) => states.includes(state));
  const done = of(MatchedDeviceState.Ready).length;
  const asAsked = `${done} of ${devices.length} NICs are as asked`;
  if (devices.length === 0) {
    return say(
      PolicyReason.NothingMatched,
      "no NIC of any node is selected yet; one that is selected later is configured then",
    );
  }
  if (done === devices.length) return say(PolicyReason.Configured, asAsked);
  const busy = of(MatchedDeviceState.Configuring);
  const waiting = of(MatchedDeviceState.Waiting);
  const bad = devices.filter(hasProblem);
  // Those that wait for NICs that failed wait until somebody sees to these.
  const goesOn = busy.length > 0 || (waiting.length > 0 && bad.length === 0);
  const parts = [asAsked];
  if (busy.length > 0) parts.push(`${busy.length} being changed`);
  if (waiting.length > 0) parts.push(`${waiting.length} waiting for their turn`);
  return say(goesOn ? PolicyReason.Configuring : PolicyReason.Incomplete, [parts.join(", "), ...worst(bad)].join("; "));
}

/** A message is read in a terminal; all of them are in matchedDevices. */
const NAMED = 3;

function worst(devices: readonly MatchedDevice[]): string[] {
  const named = devices.slice(0, NAMED).map(({ name, state, message = "" }) => `${name}: ${state}: ${message}`);
  return devices.length > NAMED ? [...named, `and ${devices.length - NAMED} more, see matchedDevices`] : named;
}

function limitProblem({ metadata }: SriovNetworkNodePolicy): string {
  const limit = metadata.annotations?.[Annotation.maxUnavailable];
  const problem = limit === undefined ? undefined : maxUnavailableProblem(limit);
  return problem === undefined ? "" : `. The annotation ${Annotation.maxUnavailable} ${problem}; it counts as 1`;
}

function unsupportedCondition(fields: readonly string[]): ReportedCondition {
  const message = `not carried out here: ${fields.join(", ")}`;
  return { type: UNSUPPORTED, status: "True", reason: "FieldsNotCarriedOut", message };
}
