import { NODE } from "../../../api/core.js";
import { isControllerFieldManager } from "../../../api/names.js";
import { READY } from "../../../api/sriov-network-device.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import {
  MatchedDeviceState,
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodePolicy,
} from "../../../api/sriov-network-node-policy.js";
import { isConflict, isForbidden, isNotFound } from "../../../kube/errors.js";
import { snapshotOf } from "../../../plan/policies/snapshot-of.js";
import type { NicFacts } from "../../../plan/policies/snapshot.js";
import { parseVfRange } from "../../../plan/policies/vf-range.js";
import { presentVfs } from "../device/device-outputs.js";
import { countOwners } from "../device/field-ownership.js";
import { haveTriedAgain } from "../device/try-again.js";
import type { Operation } from "../resource.js";
import { awaitDevicesReleased } from "./device-release.js";
import type { MatchedDeviceOutput, PolicyDialect, PolicyResults } from "./policy-dialect.js";
import type { PolicyScene, SceneNic } from "./policy-scene.js";
import { awaitPolicyReady } from "./policy-wait.js";

/** Policies that this project's controller carries out on SriovNetworkDevices. */
export const ownDialect: PolicyDialect = {
  scene,
  async awaitReady(operation, applied) {
    await haveFailedTriedAgain(operation, applied);
    await awaitPolicyReady(operation, applied);
  },
  awaitReleased: awaitDevicesReleased,
  results,
};

async function scene({ cluster }: Operation, namespace: string): Promise<PolicyScene> {
  const informers = [
    cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace),
    cluster.objects(NODE),
    cluster.devices(),
  ] as const;
  const [policies, nodes, devices] = await Promise.all(informers);
  const snapshot = snapshotOf(policies.list(), nodes.list(), devices.list());
  const facts = new Map(snapshot.nics.map((nic) => [nic.device, nic]));
  const nics = devices.list().flatMap((device): [string, SceneNic][] => {
    const found = facts.get(device.metadata.name);
    return found === undefined ? [] : [[found.device, nicOf(device, found)]];
  });
  return { snapshot, nics: new Map(nics) };
}

function nicOf(device: SriovNetworkDevice, facts: NicFacts): SceneNic {
  const owners = countOwners(device).map(({ manager }) => manager ?? "unknown");
  return {
    facts,
    present: presentVfs(device),
    asked: device.spec.numVFS ?? 0,
    askedByPolicies: owners.some(isControllerFieldManager),
    directOwners: owners.filter((owner) => !isControllerFieldManager(owner)),
  };
}

/** Whoever may not write NICs has to wait until their agents try by themselves. */
async function haveFailedTriedAgain(operation: Operation, { metadata, status }: SriovNetworkNodePolicy): Promise<void> {
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return;
  const failed = (status?.matchedDevices ?? []).filter(({ state }) => state === MatchedDeviceState.Failed);
  if (failed.length === 0) return;
  const devices = await operation.cluster.devices();
  const tries = failed.map(async ({ name }) => {
    const device = devices.get(name);
    if (device !== undefined) await haveTriedAgain(operation, device);
  });
  await Promise.all(tries).catch((error: unknown) => {
    if (!isForbidden(error) && !isNotFound(error) && !isConflict(error)) throw error;
  });
}

async function results({ cluster }: Operation, { status }: SriovNetworkNodePolicy): Promise<PolicyResults> {
  const devices = await cluster.devices();
  const matchedDevices = (status?.matchedDevices ?? []).map((matched): MatchedDeviceOutput => {
    const { name, nodeName, interfaceName, address, numVfs, vfRange } = matched;
    return {
      deviceName: name,
      nodeName,
      interfaceName,
      address,
      ...(numVfs !== undefined && { numVfs }),
      ...(vfRange !== undefined && { vfRange }),
      vfAddresses: within(devices.get(name)?.status?.vfAddresses ?? [], vfRange),
    };
  });
  const ready = status?.conditions.find(({ type }) => type === READY);
  return { matchedDevices, status: ready?.reason ?? "" };
}

/** Those of a NIC's VFs that are in the range. */
function within(addresses: readonly string[], vfRange: string | undefined): readonly string[] {
  const range = vfRange === undefined ? undefined : parseVfRange(vfRange);
  return range === undefined ? [] : addresses.slice(range.first, range.last + 1);
}
