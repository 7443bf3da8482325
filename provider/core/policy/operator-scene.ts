import { NODE } from "../../../api/core.js";
import {
  type NodeStateInterface,
  type NodeStateInterfaceStatus,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from "../../../api/sriov-network-node-state.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { snapshotOf } from "../../../plan/policies/snapshot-of.js";
import type { Operation } from "../resource.js";
import type { PolicyScene, SceneNic } from "./policy-scene.js";

/** NICs and policies as the sriov-network-operator has them; who uses a VF it does not tell. */
export async function operatorScene({ cluster }: Operation, namespace: string): Promise<PolicyScene> {
  const [policies, nodes, states] = await Promise.all([
    cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace),
    cluster.objects(NODE),
    cluster.objects(SRIOV_NETWORK_NODE_STATE),
  ]);
  const nics = states.list().flatMap((state) => (state.status?.interfaces ?? []).map((nic) => sceneNic(state, nic)));
  const snapshot = { ...snapshotOf(policies.list(), nodes.list(), []), nics: nics.map(({ facts }) => facts) };
  return { snapshot, nics: new Map(nics.map((nic) => [nic.facts.device, nic])) };
}

/** One NIC by the state of its node. */
export function sceneNic(state: SriovNetworkNodeState, nic: NodeStateInterfaceStatus): SceneNic {
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

/** What the operator has made of all policies for this NIC. */
export function askedOf({ spec }: SriovNetworkNodeState, address: string): NodeStateInterface | undefined {
  return spec?.interfaces?.find(({ pciAddress }) => pciAddress === address);
}
