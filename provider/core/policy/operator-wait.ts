import { SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from "../../../api/sriov-network-node-state.js";
import {
  MatchedDeviceState,
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodePolicy,
} from "../../../api/sriov-network-node-policy.js";
import { type Verdict, waitFor, WaitTimeout } from "../../../kube/wait.js";
import { planPolicies } from "../../../plan/policies/plan-policies.js";
import type { PolicyMatch } from "../../../plan/policies/policy-plan.js";
import { OPERATOR } from "../device/operator-answerer.js";
import { askedOf } from "../device/operator-nic.js";
import { stateNamespace } from "../device/operator-view.js";
import type { Operation } from "../resource.js";
import { awaitNics, type FailingNic } from "./nic-wait.js";
import { waitOptions } from "../waiting.js";
import { operatorScene, sceneNic } from "./operator-scene.js";
import type { PolicyPlace } from "./policy-dialect.js";

/** Waits until the operator has asked every NIC's node for what the policy wants, and the node has it. */
export async function awaitOperatorReady(operation: Operation, applied: SriovNetworkNodePolicy): Promise<void> {
  const { name, namespace = "" } = applied.metadata;
  const { cluster, log } = operation;
  const [policies, states] = await Promise.all([
    cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace),
    cluster.objects(SRIOV_NETWORK_NODE_STATE),
  ]);
  policies.observe(applied);
  const { snapshot } = await operatorScene(operation, namespace);
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
  // What the node says may still be of before. VFs that somebody else makes may be more than are shared out.
  const isThere = asked?.externallyManaged === true ? present >= wanted : present === wanted;
  if (syncStatus !== "Succeeded" || !isThere)
    return { kind: "busy", what: `${device}: syncStatus ${syncStatus}, ${present} of ${wanted} VFs` };
  return { kind: "ready" };
}

/** Waits until the operator asks no node for VFs of the policy any more, and the nodes have none. */
export async function awaitOperatorReleased(
  operation: Operation,
  place: PolicyPlace,
  nics: readonly string[],
): Promise<void> {
  const states = await operation.cluster.objects(SRIOV_NETWORK_NODE_STATE);
  const verdict = (): Verdict<undefined> => {
    const left = states.list().flatMap((state) => leftOn(state, place.name, nics));
    if (left.length === 0) return { state: "satisfied", result: undefined };
    return { state: "pending", what: left[0] ?? "" };
  };
  try {
    await waitFor(states, verdict, waitOptions(operation));
  } catch (error) {
    if (!(error instanceof WaitTimeout)) throw error;
    throw new Error(
      `policy ${place.name} selects these NICs no more, but the sriov-network-operator has not taken its VFs from them in ` +
        `time: ${error.pending}. ${operation.moreTime ?? ""}`.trim(),
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
