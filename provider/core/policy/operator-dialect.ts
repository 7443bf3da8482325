import { NODE } from "../../../api/core.js";
import {
  type NodeStateInterface,
  type NodeStateInterfaceStatus,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from "../../../api/sriov-network-node-state.js";
import {
  MatchedDeviceState,
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodePolicy,
} from "../../../api/sriov-network-node-policy.js";
import { type Verdict, waitFor, WaitTimeout } from "../../../kube/wait.js";
import { planPolicies } from "../../../plan/policies/plan-policies.js";
import type { PolicyMatch } from "../../../plan/policies/policy-plan.js";
import { snapshotOf } from "../../../plan/policies/snapshot-of.js";
import { parseVfRange } from "../../../plan/policies/vf-range.js";
import type { Operation } from "../resource.js";
import type { Answerer } from "../silence.js";
import { awaitNics, type FailingNic } from "./nic-wait.js";
import type { MatchedDeviceOutput, PolicyDialect, PolicyPlace, PolicyResults } from "./policy-dialect.js";
import type { PolicyScene, SceneNic } from "./policy-scene.js";

/**
 * Policies that the sriov-network-operator carries out. It tells what has come of them nowhere but in the
 * SriovNetworkNodeState of each node, so that is what the policy's NICs are held against. Who uses a VF is not told: the
 * operator drains a node before it changes one.
 */
export const operatorDialect: PolicyDialect = { scene, awaitReady, awaitReleased, results };

const OPERATOR: Answerer = {
  who: "the sriov-network-operator",
  advice: "check that its pods run, and that its SriovOperatorConfig lets it configure these nodes",
  pods: { labels: { name: "sriov-network-operator" } },
};

async function scene({ cluster }: Operation, namespace: string): Promise<PolicyScene> {
  const [policies, nodes, states] = await Promise.all([
    cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace),
    cluster.objects(NODE),
    cluster.objects(SRIOV_NETWORK_NODE_STATE),
  ]);
  const nics = states.list().flatMap((state) => (state.status?.interfaces ?? []).map((nic) => sceneNic(state, nic)));
  const snapshot = { ...snapshotOf(policies.list(), nodes.list(), []), nics: nics.map(({ facts }) => facts) };
  return { snapshot, nics: new Map(nics.map((nic) => [nic.facts.device, nic])) };
}

function sceneNic(state: SriovNetworkNodeState, nic: NodeStateInterfaceStatus): SceneNic {
  const { metadata } = state;
  const vfs = [...(nic.Vfs ?? [])].sort((a, b) => a.vfID - b.vfID);
  const asked = askedOf(state, nic.pciAddress);
  return {
    facts: {
      device: `${metadata.name}-${nic.name ?? nic.pciAddress}`,
      nodeName: metadata.name,
      address: nic.pciAddress,
      interfaceName: nic.name ?? "",
      alternativeNames: nic.altNames ?? [],
      vendorId: nic.vendor ?? "",
      deviceId: nic.deviceID ?? "",
      totalVfs: nic.totalvfs,
      linkType: nic.linkType === "" ? undefined : nic.linkType,
      netFilter: nic.netFilter,
    },
    present: {
      numVfs: vfs.length,
      virtualFunctions: vfs.map(({ pciAddress, name }) => ({ address: pciAddress, interfaceName: name })),
    },
    asked: asked?.numVfs ?? 0,
    askedByPolicies: asked !== undefined,
    directOwners: [],
  };
}

async function awaitReady(operation: Operation, applied: SriovNetworkNodePolicy): Promise<void> {
  const { name, namespace = "" } = applied.metadata;
  const { cluster, log } = operation;
  const [policies, states] = await Promise.all([
    cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace),
    cluster.objects(SRIOV_NETWORK_NODE_STATE),
  ]);
  policies.observe(applied);
  const { snapshot } = await scene(operation, namespace);
  const matches = planPolicies(snapshot).policies.get(name)?.matches ?? [];
  const progress = (): NicProgress[] =>
    matches.map((match) => nicProgress(match, applied, states.get(match.nodeName, stateNamespace(states.list()))));
  await awaitNics(operation, {
    policy: name,
    informer: states,
    answerer: OPERATOR,
    isSilent: () =>
      progress().some(({ kind }) => kind === "ignored") && !progress().some(({ kind }) => kind !== "ignored"),
    verdict() {
      const all = progress();
      const ready = all.filter(({ kind }) => kind === "ready").length;
      const next = all.find(({ kind }) => kind === "ignored" || kind === "busy");
      if (next?.what !== undefined)
        return { state: "pending", what: `${ready} of ${all.length} NICs ready; waiting for ${next.what}` };
      return { state: "satisfied", result: all.flatMap(({ failing }) => failing ?? []) };
    },
  });
  log.status(`${matches.length} of ${matches.length} NICs ready`);
}

interface NicProgress {
  /** `ignored`: the operator has not made the policy part of what the node is to be. */
  readonly kind: "ignored" | "busy" | "ready" | "failed";
  readonly what?: string;
  readonly failing?: FailingNic;
}

/** Pure: how far a NIC is, by the state of its node. */
export function nicProgress(
  { device, address, vfRange, problem }: PolicyMatch,
  { metadata, spec }: SriovNetworkNodePolicy,
  state: SriovNetworkNodeState | undefined,
): NicProgress {
  const failing = (kind: MatchedDeviceState, message: string): NicProgress => {
    return { kind: "failed", failing: { name: device, state: kind, message } };
  };
  if (problem !== undefined) {
    const conflict = problem.kind === "overlap" || problem.kind === "sameResource";
    return failing(conflict ? MatchedDeviceState.Conflict : MatchedDeviceState.Invalid, problem.message);
  }
  const asked = state === undefined ? undefined : askedOf(state, address);
  const group = asked?.vfGroups?.find(({ policyName }) => policyName === metadata.name);
  const isAsked =
    vfRange === undefined
      ? group === undefined && asked !== undefined
      : group?.vfRange === vfRange && group.resourceName === spec.resourceName;
  if (!isAsked) return { kind: "ignored", what: `${device}: the operator has not asked it of the node yet` };
  const { syncStatus = "nothing", lastSyncError = "", interfaces = [] } = state?.status ?? {};
  if (syncStatus === "Failed") return failing(MatchedDeviceState.Failed, lastSyncError);
  const present = interfaces.find(({ pciAddress }) => pciAddress === address)?.Vfs?.length ?? 0;
  const wanted = asked?.numVfs ?? 0;
  // What the node says may still be of before.
  if (syncStatus !== "Succeeded" || present < wanted)
    return { kind: "busy", what: `${device}: syncStatus ${syncStatus}, ${present} of ${wanted} VFs` };
  return { kind: "ready" };
}

async function awaitReleased(operation: Operation, place: PolicyPlace, nics: readonly string[]): Promise<void> {
  const states = await operation.cluster.objects(SRIOV_NETWORK_NODE_STATE);
  const verdict = (): Verdict<undefined> => {
    const left = states.list().flatMap((state) => leftOn(state, place.name, nics));
    if (left.length === 0) return { state: "satisfied", result: undefined };
    return { state: "pending", what: left[0] ?? "" };
  };
  try {
    const { deadline, signal, log } = operation;
    await waitFor(states, verdict, { deadline, signal, onPending: (what) => log.status(what) });
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    throw new Error(
      `policy ${place.name} selects these NICs no more, but the sriov-network-operator has not taken its VFs from them in ` +
        `time: ${error.pending}. More time: customTimeouts.`,
      { cause: error },
    );
  }
}

/** What one node has left of the policy on these NICs. */
function leftOn(state: SriovNetworkNodeState, policy: string, nics: readonly string[]): string[] {
  const left = (state.status?.interfaces ?? [])
    .map((nic) => ({ nic, device: sceneNic(state, nic).facts.device }))
    .filter(({ device }) => nics.includes(device))
    .flatMap(({ nic, device }) => {
      const asked = askedOf(state, nic.pciAddress);
      if (asked?.vfGroups?.some(({ policyName }) => policyName === policy) === true)
        return [`${device}: the operator still asks the node for it`];
      const present = nic.Vfs?.length ?? 0;
      const wanted = asked?.numVfs ?? 0;
      const { syncStatus = "nothing" } = state.status ?? {};
      return present === wanted && syncStatus === "Succeeded"
        ? []
        : [`${device}: syncStatus ${syncStatus}, ${present} VFs, to be ${wanted}`];
    });
  return left;
}

async function results(operation: Operation, policy: SriovNetworkNodePolicy): Promise<PolicyResults> {
  const { name, namespace = "" } = policy.metadata;
  const [{ snapshot, nics }, states] = await Promise.all([
    scene(operation, namespace),
    operation.cluster.objects(SRIOV_NETWORK_NODE_STATE),
  ]);
  const others = snapshot.policies.filter((other) => other.name !== name);
  const plan = planPolicies({ ...snapshot, policies: [...others, { name, spec: policy.spec }] });
  const matches = plan.policies.get(name)?.matches ?? [];
  const where = stateNamespace(states.list());
  const progress = matches.map((match) => nicProgress(match, policy, states.get(match.nodeName, where)));
  const isReady = progress.every(({ kind }) => kind === "ready");
  return {
    matchedDevices: matches.map((match) =>
      matchedDevice(match, plan.devices.get(match.device)?.numVfs, nics.get(match.device)),
    ),
    status: matches.length === 0 ? "NothingMatched" : isReady ? "Configured" : "Incomplete",
  };
}

function matchedDevice(match: PolicyMatch, numVfs: number | undefined, nic: SceneNic | undefined): MatchedDeviceOutput {
  const { device, nodeName, interfaceName, address, vfRange } = match;
  const range = vfRange === undefined ? undefined : parseVfRange(vfRange);
  const vfs = nic?.present.virtualFunctions.map((vf) => vf.address) ?? [];
  return {
    deviceName: device,
    nodeName,
    interfaceName,
    address,
    ...(numVfs !== undefined && { numVfs }),
    ...(vfRange !== undefined && { vfRange }),
    vfAddresses: range === undefined ? [] : vfs.slice(range.first, range.last + 1),
  };
}

/** What the operator has made of all policies for this NIC. */
function askedOf({ spec }: SriovNetworkNodeState, address: string): NodeStateInterface | undefined {
  return spec?.interfaces?.find(({ pciAddress }) => pciAddress === address);
}

/** The operator has one namespace for all that is its own. */
function stateNamespace(states: readonly SriovNetworkNodeState[]): string | undefined {
  return states[0]?.metadata.namespace;
}
