import type { Change } from "../../../kube/informer.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from "../../../api/sriov-network-node-state.js";
import { isForbidden } from "../../../kube/errors.js";
import type { Informer } from "../../../kube/informer.js";
import type { Cluster, DeviceView } from "../cluster.js";
import { absentNic, normalisedNic } from "./operator-nic.js";
import { isNicPolicy, nicPolicyName } from "./operator-nic-policy.js";
import { type VfUsers, vfUsers } from "./operator-users.js";

/** All NICs of the operator's node states, with their own policies and who uses their VFs, as one watch. */
export async function operatorView(cluster: Cluster): Promise<DeviceView> {
  const states = await cluster.objects(SRIOV_NETWORK_NODE_STATE);
  const namespace = stateNamespace(states.list());
  const users = await operatorUsers(cluster);
  return cluster.memo(`the operator's NICs, ${namespace ?? "none yet"}, ${users !== undefined}`, async () => {
    const policies = await policiesOf(cluster, namespace);
    return new OperatorView(states, policies, users);
  });
}

/** Pods are many; only of VFs that are there does it matter who has them. Undefined too where pods may not be listed. */
export async function operatorUsers(cluster: Cluster): Promise<VfUsers | undefined> {
  const states = await cluster.objects(SRIOV_NETWORK_NODE_STATE);
  return states.list().some(hasVfs) ? vfUsers(cluster) : undefined;
}

/** The operator has one namespace for all that is its own. */
export function stateNamespace(states: readonly SriovNetworkNodeState[]): string | undefined {
  return states[0]?.metadata.namespace;
}

class OperatorView implements DeviceView {
  private nics: ReadonlyMap<string, SriovNetworkDevice> | undefined;

  constructor(
    private readonly states: Informer<SriovNetworkNodeState>,
    private readonly policies: Informer<SriovNetworkNodePolicy> | undefined,
    private readonly users: VfUsers | undefined,
  ) {
    // Before anybody else hears of a change, so that nobody looks at what was before.
    this.watch(() => (this.nics = undefined));
  }

  get(name: string): SriovNetworkDevice | undefined {
    return this.current().get(name);
  }

  list(): SriovNetworkDevice[] {
    return [...this.current().values()];
  }

  onChange(listener: (change: Change<SriovNetworkDevice>) => void): () => void {
    return this.watch(() => {
      for (const object of this.list()) listener({ kind: "set", object, previous: undefined });
    });
  }

  /** What a write has returned is the policy's, and is taken in as that. */
  observe(): void {
    return undefined;
  }

  private current(): ReadonlyMap<string, SriovNetworkDevice> {
    return (this.nics ??= new Map(this.read().map((nic) => [nic.metadata.name, nic])));
  }

  private read(): SriovNetworkDevice[] {
    const own = new Map(
      (this.policies?.list() ?? [])
        .filter((policy) => isNicPolicy(policy) && policy.metadata.deletionTimestamp === undefined)
        .map((policy) => [policy.metadata.name, policy]),
    );
    const present = this.states.list().flatMap((state) =>
      (state.status?.interfaces ?? []).filter(canHaveVfs).map((nic) => {
        const name = nicPolicyName(state.metadata.name, nic.pciAddress);
        const policy = own.get(name);
        own.delete(name);
        return normalisedNic(state, nic, policy, (address) => this.users?.of(state.metadata.name, address));
      }),
    );
    return [...present, ...[...own.values()].map(absentNic)];
  }

  private watch(listener: () => void): () => void {
    const ends = [this.states, this.policies, this.users?.pods].map((source) => source?.onChange(listener));
    return () => ends.forEach((end) => end?.());
  }
}

async function policiesOf(
  cluster: Cluster,
  namespace: string | undefined,
): Promise<Informer<SriovNetworkNodePolicy> | undefined> {
  // Before there is a state there is no NIC either.
  if (namespace === undefined) return undefined;
  try {
    return await cluster.objects(SRIOV_NETWORK_NODE_POLICY, namespace);
  } catch (error) {
    // What policies come to stands in the states too.
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

function hasVfs({ status }: SriovNetworkNodeState): boolean {
  return status?.interfaces?.some(({ Vfs = [] }) => Vfs.length > 0) ?? false;
}

function canHaveVfs({ totalvfs = 0 }: { readonly totalvfs?: number }): boolean {
  return totalvfs > 0;
}
