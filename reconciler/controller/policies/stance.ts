import { Annotation } from "../../../api/names.js";
import { readyCondition, ReadyReason, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { MatchedDeviceState, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { progressOf } from "../../../plan/policies/device-progress.js";
import type { DevicePlan } from "../../../plan/policies/policy-plan.js";
import type { RollOutDevice } from "../../../plan/policies/roll-out.js";
import { type DesiredSpec, desiredSpec, isDeclared } from "./desired-spec.js";
import type { Refusal, Refusals } from "./refusals.js";

/** What is to be written of one NIC. */
export interface DeviceRequest {
  /** Empty: everything that the controller has declared is let go of. */
  readonly spec: DesiredSpec;
  /** The count for which VFs may be destroyed though they are in use. */
  readonly allowed?: number;
}

/** Where a NIC that policies have a say in stands. */
export type Stance =
  | { readonly kind: "declared"; readonly progress: ReturnType<typeof progressOf> }
  | { readonly kind: "toWrite"; readonly request: DeviceRequest }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What a stance depends on beside the plan and the device. */
export interface StanceSurroundings {
  readonly permitted: PermittedCounts;
  readonly refusals: Pick<Refusals, "of">;
  /** Under which the controller declares. */
  readonly fieldManager: string;
}

export function stanceOf(plan: DevicePlan, device: SriovNetworkDevice, around: StanceSurroundings): Stance {
  const { refusals } = around;
  const request = requestFor(plan, device, around);
  if (request === undefined) return { kind: "declared", progress: progressOf(plan, device) };
  const refusal = refusals.of(device.metadata.name, circumstances(device, request));
  return refusal === undefined ? { kind: "toWrite", request } : { kind: "refused", refusal };
}

/** Undefined where the object says all of it already. */
function requestFor(
  plan: DevicePlan,
  device: SriovNetworkDevice,
  { permitted, fieldManager }: StanceSurroundings,
): DeviceRequest | undefined {
  const spec = desiredSpec(plan);
  const mayDisrupt = spec.numVFS !== undefined && plan.policies.some((policy) => permitted.get(policy) === spec.numVFS);
  if (!isDeclared(device, spec, fieldManager)) {
    return { spec, ...(mayDisrupt && destroysVfs(device, spec) && { allowed: spec.numVFS }) };
  }
  if (!mayDisrupt || !asksForPermission(device)) return undefined;
  return { spec, allowed: spec.numVFS };
}

/** The kernel changes a number of VFs by removing all of them first. */
export function destroysVfs({ spec, status }: SriovNetworkDevice, { numVFS }: DesiredSpec): boolean {
  const present = status?.virtualFunctions?.length ?? 0;
  return present > 0 && present !== numVFS && spec.numVFS !== numVFS;
}

/** A VF was taken between the API server's look and the agent's. */
function asksForPermission(device: SriovNetworkDevice): boolean {
  const { metadata, spec, status } = device;
  if (status?.observedGeneration !== metadata.generation) return false;
  const reason = readyCondition(device)?.reason;
  if (reason !== ReadyReason.InUse && reason !== ReadyReason.UsersUnknown) return false;
  return metadata.annotations?.[Annotation.allowDisruption] !== String(spec.numVFS ?? 0);
}

/** All that the API server's answer depends on. */
export function circumstances(device: SriovNetworkDevice, request: DeviceRequest): unknown {
  const { uid, generation, annotations, managedFields = [] } = device.metadata;
  const owners = managedFields.flatMap(({ manager, operation, fieldsV1 }) =>
    fieldsV1?.["f:spec"] === undefined ? [] : [{ manager, operation, fields: Object.keys(fieldsV1["f:spec"]).sort() }],
  );
  const users = device.status?.virtualFunctions?.map(({ address, usedBy }) => [address, usedBy]);
  return { request, uid, generation, allowed: annotations?.[Annotation.allowDisruption], owners, users };
}

/**
 * By name of each policy that lets VFs in use go, the count for which it says so: its own. Where another policy has a NIC
 * get more, that one's author has not been asked for the permission.
 */
export type PermittedCounts = ReadonlyMap<string, number>;

export function permittedCounts(policies: readonly SriovNetworkNodePolicy[]): PermittedCounts {
  return new Map(policies.filter(isPermitted).map(({ metadata, spec }) => [metadata.name, spec.numVfs]));
}

export function isPermitted({ metadata, spec }: SriovNetworkNodePolicy): boolean {
  return metadata.annotations?.[Annotation.allowDisruption] === String(spec.numVfs);
}

/** How a NIC counts towards the limit of nodes that are changed at once: one that was refused has not been touched. */
export function rollOutDevice(plan: DevicePlan, stance: Stance): RollOutDevice {
  return { device: plan.device, nodeName: plan.nodeName, policies: plan.policies, state: rollOutState(stance) };
}

function rollOutState(stance: Stance): RollOutDevice["state"] {
  if (stance.kind === "toWrite") return "pending";
  if (stance.kind === "refused") return "done";
  switch (stance.progress.state) {
    case MatchedDeviceState.Configuring:
    case "Pending":
      return "busy";
    case MatchedDeviceState.Failed:
      return "failed";
    default:
      return "done";
  }
}
