import { SRIOV_NETWORK_NODE_STATE } from "../../../api/sriov-network-node-state.js";
import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { planPolicies } from "../../../plan/policies/plan-policies.js";
import type { PolicyMatch } from "../../../plan/policies/policy-plan.js";
import { parseVfRange } from "../../../plan/policies/vf-range.js";
import { stateNamespace } from "../device/operator-view.js";
import type { Operation } from "../resource.js";
import { operatorScene } from "./operator-scene.js";
import { awaitOperatorReady, awaitOperatorReleased, nicProgress } from "./operator-wait.js";
import type { MatchedDeviceOutput, PolicyDialect, PolicyResults } from "./policy-dialect.js";
import type { SceneNic } from "./policy-scene.js";

/**
 * Policies that the sriov-network-operator carries out. It tells what has come of them nowhere but in the
 * SriovNetworkNodeState of each node, so that is what the policy's NICs are held against. Who uses a VF it
 * does not tell, but pods do; the operator drains a node before it changes one.
 */
export const operatorDialect: PolicyDialect = {
  scene: operatorScene,
  awaitReady: awaitOperatorReady,
  awaitReleased: awaitOperatorReleased,
  results,
};

async function results(operation: Operation, policy: SriovNetworkNodePolicy): Promise<PolicyResults> {
  const { name, namespace = "" } = policy.metadata;
  const [{ snapshot, nics }, states] = await Promise.all([
    operatorScene(operation, namespace),
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
