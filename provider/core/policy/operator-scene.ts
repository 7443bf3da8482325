import { NODE } from "../../../api/core.js";
import {
  type NodeStateInterfaceStatus,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from "../../../api/sriov-network-node-state.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import type { PolicyFacts } from "../../../plan/policies/snapshot.js";
import { snapshotOf } from "../../../plan/policies/snapshot-of.js";
import type { VfUsers } from "../device/operator-users.js";
import { askedOf, operatorNicName } from "../device/operator-nic.js";
import type { Operation } from "../resource.js";
import { policyVfUsers } from "./operator-vf-users.js";
import type { PolicyScene, SceneNic } from "./policy-scene.js";

/** NICs and policies as the sriov-network-operator has them. */
export async function operatorScene({ cluster }: Operation, namespace: string): Promise<PolicyScene> {
  const [policies, nodes, states, users] = await Promise.all([
    cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace),
    cluster.objects(NODE),
    cluster.objects(SRIOV_NETWORK_NODE_STATE),
    policyVfUsers(cluster),
  ]);
  const nics = states
    .list()
    .flatMap((state) => (state.status?.interfaces ?? []).map((nic) => sceneNic(state, nic, users)));
  // The operator passes over the policy "default", which its older releases have made.
  const counting = policies.list().filter(({ metadata }) => metadata.name !== "default");
  const { policies: facts, ...seen } = snapshotOf(counting, nodes.list(), []);
  const snapshot = { ...seen, policies: facts.map(withPriority), nics: nics.map((nic) => nic.facts) };
  return { snapshot, nics: new Map(nics.map((nic) => [nic.facts.device, nic])) };
}

/** The operator reads a priority that is not there as 0; its webhook, where it is installed, has written 99 before. */
function withPriority({ name, spec }: PolicyFacts): PolicyFacts {
  return { name, spec: { ...spec, priority: spec.priority ?? 0 } };
}

/** One NIC by the state of its node. */
export function sceneNic(
  state: SriovNetworkNodeState,
  nic: NodeStateInterfaceStatus,
  users?: Pick<VfUsers, "of">,
): SceneNic {
  const { metadata } = state;
  const vfs = [...(nic.Vfs ?? [])].sort((a, b) => a.vfID - b.vfID);
  const asked = askedOf(state, nic.pciAddress);
  return {
    facts: {
      device: operatorNicName(metadata.name, nic),
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
      virtualFunctions: vfs.map(({ pciAddress, name }) => ({
        address: pciAddress,
        interfaceName: name,
        usedBy: users?.of(metadata.name, pciAddress),
      })),
    },
    asked: asked?.numVfs ?? 0,
    askedByPolicies: asked !== undefined,
    directOwners: [],
  };
}
