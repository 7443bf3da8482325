import { Annotation } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import {
  type MatchedDevice,
  MatchedDeviceState,
  type SriovNetworkNodePolicy,
} from "../../../api/sriov-network-node-policy.js";
import type { Informer } from "../../../kube/informer.js";
import type { DevicePlan, PolicyPlan } from "../../../plan/policies/policy-plan.js";
import { planRollOut } from "../../../plan/policies/roll-out.js";
import { runBounded } from "../../service/bounded.js";
import { ownedFields } from "./desired-spec.js";
import type { DeviceWriter } from "./device-writer.js";
import { namedPolicies } from "./named-policies.js";
import type { Refusals } from "./refusals.js";
import { settled } from "./settling.js";
import {
  circumstances,
  destroysVfs,
  type DeviceRequest,
  permittedCounts,
  rollOutDevice,
  type Stance,
  stanceOf,
} from "./stance.js";

/** How far a NIC is with what policies ask of it. */
export type DeviceState = Pick<MatchedDevice, "state" | "message">;

export interface DeviceRollOutParts {
  readonly devices: Informer<SriovNetworkDevice>;
  readonly writer: DeviceWriter;
  readonly refusals: Refusals;
  /** Under which the controller declares. */
  readonly fieldManager: string;
}

/** Requests under way at once; the client has room for twice as many. */
const AT_ONCE = 8;
const RELEASE: DeviceRequest = { spec: {} };

/** Has every NIC asked for what a plan says, as far as limits let it, each by itself: one that is refused stops no other. */
export class DeviceRollOut {
  constructor(private readonly parts: DeviceRollOutParts) {}

  /** Phase 1: declares what is new, and lets go of NICs that no policy has a say in any more. */
  async declare(plan: PolicyPlan, policies: readonly SriovNetworkNodePolicy[], term: AbortSignal): Promise<void> {
    const { devices, writer, refusals, fieldManager } = this.parts;
    const stances = this.stances(plan, policies);
    const limits = new Map(policies.map(({ metadata }) => [metadata.name, limitOf(metadata.annotations)]));
    const admitted = planRollOut(
      [...stances].map(([devicePlan, stance]) => rollOutDevice(devicePlan, stance)),
      limits,
    );
    const tasks = new Map<string, () => Promise<void>>();
    for (const [{ device: name, policies: names }, stance] of stances) {
      const device = devices.get(name);
      if (device === undefined || stance.kind !== "toWrite" || !admitted.has(name)) continue;
      tasks.set(name, () => writer.declare(device, stance.request, names, term));
    }
    for (const device of this.unplanned(plan)) {
      const { name } = device.metadata;
      if (ownedFields(device, fieldManager).length === 0) refusals.forget(name);
      else if (this.isToRelease(device)) tasks.set(name, () => writer.declare(device, RELEASE, [], term));
    }
    await runBounded([...tasks.values()], AT_ONCE);
    await settled(devices, [...tasks.keys()], term);
  }

  /** Would `declare` have VFs destroyed that are there? */
  destroysVfs(plan: PolicyPlan, policies: readonly SriovNetworkNodePolicy[]): boolean {
    const { devices } = this.parts;
    const isChanged = ([{ device: name }, stance]: [DevicePlan, Stance]): boolean => {
      const device = devices.get(name);
      return device !== undefined && stance.kind === "toWrite" && destroysVfs(device, stance.request.spec);
    };
    return (
      this.unplanned(plan).some((device) => this.isToRelease(device)) ||
      [...this.stances(plan, policies)].some(isChanged)
    );
  }

  /** Phase 2: each NIC tells of the conflict that it is in, and of none that is over. */
  async markConflicts(plan: PolicyPlan, policies: readonly SriovNetworkNodePolicy[], term: AbortSignal): Promise<void> {
    const { devices, writer } = this.parts;
    const wanted = new Map(
      this.unplanned(plan).map((device): [string, string | undefined] => [device.metadata.name, undefined]),
    );
    for (const [{ device }, stance] of this.stances(plan, policies)) {
      // Of one whose turn has not come, or whose answer was none, nobody knows yet.
      if (stance.kind === "declared" || (stance.kind === "refused" && stance.refusal.lasting))
        wanted.set(device, conflictOf(stance));
    }
    const tasks = [...wanted].flatMap(([name, conflict]) => {
      const device = devices.get(name);
      const marked = device?.metadata.annotations?.[Annotation.policyConflict];
      return device === undefined || marked === conflict ? [] : [() => writer.markConflict(device, conflict, term)];
    });
    await runBounded(tasks, AT_ONCE);
  }

  /** What has come of the plan, by name of the NIC. */
  states(plan: PolicyPlan, policies: readonly SriovNetworkNodePolicy[]): ReadonlyMap<string, DeviceState> {
    const stances = this.stances(plan, policies);
    return new Map([...stances].map(([devicePlan, stance]) => [devicePlan.device, stateOf(devicePlan, stance)]));
  }

  private stances(plan: PolicyPlan, policies: readonly SriovNetworkNodePolicy[]): Map<DevicePlan, Stance> {
    const { refusals, fieldManager } = this.parts;
    const around = { permitted: permittedCounts(policies), refusals, fieldManager };
    return new Map(
      [...plan.devices.values()].flatMap((devicePlan): [DevicePlan, Stance][] => {
        const device = this.parts.devices.get(devicePlan.device);
        // Gone since the plan was made; another pass is on its way.
        if (device === undefined) return [];
        return [[devicePlan, stanceOf(devicePlan, device, around)]];
      }),
    );
  }

  private isToRelease(device: SriovNetworkDevice): boolean {
    const { refusals, fieldManager } = this.parts;
    if (ownedFields(device, fieldManager).length === 0) return false;
    return refusals.of(device.metadata.name, circumstances(device, RELEASE)) === undefined;
  }

  private unplanned({ devices, kept }: PolicyPlan): SriovNetworkDevice[] {
    return this.parts.devices.list().filter(({ metadata: { name } }) => !devices.has(name) && !kept.has(name));
  }
}

function limitOf(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  return annotations?.[Annotation.maxUnavailable];
}

function conflictOf(stance: Stance): string | undefined {
  return stance.kind === "refused" && stance.refusal.state === MatchedDeviceState.Conflict
    ? stance.refusal.message
    : undefined;
}

function stateOf(plan: DevicePlan, stance: Stance): DeviceState {
  switch (stance.kind) {
    case "refused":
      return { state: stance.refusal.state, message: stance.refusal.message };
    case "toWrite":
      return {
        state: MatchedDeviceState.Waiting,
        message: `its turn comes when other nodes are done: ${Annotation.maxUnavailable} of ${namedPolicies(plan.policies)}`,
      };
    case "declared": {
      const { state, message } = stance.progress;
      if (state === "Pending")
        return { state: MatchedDeviceState.Configuring, ...(message !== undefined && { message }) };
      return { state, ...(message !== undefined && { message }) };
    }
  }
}
