import type { Logger } from "pino";
import { Guard } from "../../../api/admission-policies.js";
import { Annotation, CONTROLLER_FIELD_MANAGER } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { MatchedDeviceState } from "../../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../../kube/client.js";
import {
  type ApiError,
  conflictingManagers,
  isConflict,
  isNotFound,
  isTransient,
  messageOf,
  policyRefusal,
} from "../../../kube/errors.js";
import type { EventRecorder } from "../../service/events.js";
import type { ControllerMetrics } from "../service/metrics.js";
import { asking, describeConflict } from "./conflict.js";
import type { Refusal, Refusals } from "./refusals.js";
import { circumstances, type DeviceRequest } from "./stance.js";

export interface DeviceWriterParts {
  readonly client: Pick<KubeClient, "apply" | "merge">;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly metrics: Pick<ControllerMetrics, "deviceWritten">;
  readonly refusals: Refusals;
  /** Under which the controller declares. */
  readonly fieldManager: string;
  /** Takes note of the object as a write has left it. */
  readonly observe: (device: SriovNetworkDevice) => void;
}

/** Reasons of the events that the controller records about NICs. */
export const DeviceEvent = {
  /** Policies have declared what the NIC is to be. */
  PolicyApplied: "PolicyApplied",
  /** No policy has a say in the NIC any more, and what they declared was let go of. */
  PolicyReleased: "PolicyReleased",
  /** Somebody else owns what policies ask for. */
  PolicyConflict: "PolicyConflict",
  /** The API server refused what policies ask for; the message says why. */
  PolicyRefused: "PolicyRefused",
} as const;

/**
 * What the controller writes of a NIC: by server-side apply all that policies ask for, and nothing else, and never by force;
 * and the annotation that tells of a conflict. What was refused is kept in `refusals`. Nothing is thrown but what ends a term.
 */
export class DeviceWriter {
  constructor(private readonly parts: DeviceWriterParts) {}

  /** `policies`: who asks for it; none where everything is let go of. */
  async declare(
    device: SriovNetworkDevice,
    request: DeviceRequest,
    policies: readonly string[],
    term: AbortSignal,
  ): Promise<void> {
    const { client, fieldManager, observe, refusals, metrics } = this.parts;
    const { name, uid } = device.metadata;
    const { spec, allowed } = request;
    const annotations = allowed === undefined ? undefined : { [Annotation.allowDisruption]: String(allowed) };
    const isRelease = Object.keys(spec).length === 0;
    const object = { metadata: { name, uid, ...(annotations && { annotations }) }, ...(!isRelease && { spec }) };
    try {
      const options = { fieldManager, signal: term };
      const written = await client.apply(SRIOV_NETWORK_DEVICE, object, options);
      refusals.forget(name);
      observe(written);
      metrics.deviceWritten(isRelease ? "released" : "applied");
      this.tellDone(device, written, policies);
    } catch (error) {
      if (term.aborted) throw error;
      // It is gone, or another object of the same name; the watch tells.
      if (isGone(error)) return;
      this.refused(device, request, refusalOf(device, request, policies, error));
    }
  }

  /** Sets, or with undefined takes away, what the device itself tells of a conflict. */
  async markConflict(device: SriovNetworkDevice, conflict: string | undefined, term: AbortSignal): Promise<void> {
    const { client, observe } = this.parts;
    const { name, uid } = device.metadata;
    const patch = { metadata: { uid, annotations: { [Annotation.policyConflict]: conflict ?? null } } };
    try {
      const options = { fieldManager: CONTROLLER_FIELD_MANAGER, signal: term };
      observe(await client.merge(SRIOV_NETWORK_DEVICE, name, patch, options));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  private tellDone(before: SriovNetworkDevice, after: SriovNetworkDevice, policies: readonly string[]): void {
    const { events, log } = this.parts;
    const { name: device } = before.metadata;
    const [from, to] = [before.spec.numVFS ?? 0, after.spec.numVFS ?? 0];
    const change = from === to ? "the count stays as it is" : `${from} → ${to} VFs`;
    if (policies.length === 0) {
      const message = `no policy selects ${device} any more: ${change}`;
      log.info({ device }, message);
      events.record(SRIOV_NETWORK_DEVICE, after, { type: "Normal", reason: DeviceEvent.PolicyReleased, message });
    } else {
      const message = `${device} as ${asking(policies)}: ${change}`;
      log.info({ device, policies, spec: after.spec }, message);
      events.record(SRIOV_NETWORK_DEVICE, after, { type: "Normal", reason: DeviceEvent.PolicyApplied, message });
    }
  }

  private refused(device: SriovNetworkDevice, request: DeviceRequest, refusal: Refusal): void {
    const { refusals, events, log, metrics } = this.parts;
    metrics.deviceWritten(refusal.state);
    if (!refusals.add(device.metadata.name, circumstances(device, request), refusal)) return;
    const reason =
      refusal.state === MatchedDeviceState.Conflict ? DeviceEvent.PolicyConflict : DeviceEvent.PolicyRefused;
    log.warn({ device: device.metadata.name, state: refusal.state }, refusal.message);
    // Marked already: told by the controller that was there before this one.
    if (device.metadata.annotations?.[Annotation.policyConflict] === refusal.message) return;
    events.record(SRIOV_NETWORK_DEVICE, device, { type: "Warning", reason, message: refusal.message });
  }
}

function refusalOf(
  device: SriovNetworkDevice,
  request: DeviceRequest,
  policies: readonly string[],
  error: unknown,
): Refusal {
  if (isConflict(error)) {
    const message = describeConflict(device, request.spec, policies, error);
    return { state: MatchedDeviceState.Conflict, message, lasting: true };
  }
  const denial = policyRefusal(error);
  const isUsed = device.status?.virtualFunctions?.some(({ usedBy = "" }) => usedBy !== "") ?? false;
  if (denial?.policy === Guard.vfsInUse && isUsed) {
    return { state: MatchedDeviceState.InUse, message: denial.message, lasting: true };
  }
  const state = isTransient(error) ? MatchedDeviceState.Configuring : MatchedDeviceState.Failed;
  return { state, message: `${messageOf(error)} It is tried again.`, lasting: false };
}

/** A conflict that names no manager is about the object's uid. */
function isGone(error: unknown): error is ApiError {
  return isNotFound(error) || (isConflict(error) && conflictingManagers(error).length === 0);
}
