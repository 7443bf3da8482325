import { isDeepStrictEqual } from "node:util";
import { NODE, type Node } from "../../../api/core.js";
import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import {
  type NodeStateInterface,
  type NodeStateInterfaceStatus,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from "../../../api/sriov-network-node-state.js";
import { Informer } from "../../../kube/informer.js";
import { OPERATOR_NAMESPACE, type OperatorCluster, vfAddress } from "./operator-cluster.js";

const OPERATOR = { fieldManager: "sriov-network-operator", namespace: OPERATOR_NAMESPACE } as const;

/**
 * Does by itself what the released operator does: its controller makes of all policies what each node is to be, highest number
 * first, so that the lowest wins; its daemons say `InProgress`, change the hardware, and say `Succeeded`. A NIC that no policy
 * selects any more loses its VFs if the operator has made them, and keeps them otherwise.
 */
export class OperatorController {
  /** Policies that the operator's webhook would have refused, and why. */
  readonly refused: string[] = [];
  /** The statuses that daemons have written: `worker1 InProgress 0`. */
  readonly reports: string[] = [];
  /** Whether it does anything at all. */
  works = true;

  private readonly states: Informer<SriovNetworkNodeState>;
  private readonly made = new Set<string>();
  private last: Promise<void> = Promise.resolve();
  private isWoken = false;
  private failure: { readonly error: unknown } | undefined;
  private readonly ends: (() => void)[] = [];

  private constructor(private readonly cluster: OperatorCluster) {
    this.states = new Informer(cluster.lab.client, SRIOV_NETWORK_NODE_STATE).start();
    const wake = (): void => this.wake();
    this.ends.push(cluster.policies.onChange(wake), this.states.onChange(wake));
  }

  static async start(cluster: OperatorCluster): Promise<OperatorController> {
    const controller = new OperatorController(cluster);
    await controller.states.synced;
    return controller;
  }

  /** Looks at all policies and nodes again, soon. */
  wake(): void {
    if (this.isWoken) return;
    this.isWoken = true;
    this.last = this.last
      .then(() => {
        this.isWoken = false;
        return this.works ? this.reconcile() : undefined;
      })
      .catch((error: unknown) => {
        this.failure ??= { error };
      });
  }

  /** @throws whatever went wrong meanwhile. */
  async stop(): Promise<void> {
    for (const end of this.ends) end();
    await this.last;
    await this.states.stop();
    if (this.failure !== undefined) throw this.failure.error;
  }

  private async reconcile(): Promise<void> {
    const policies = this.cluster.policies.list().filter(({ metadata }) => metadata.name !== "default");
    this.validate(policies);
    const { client } = this.cluster.lab;
    const { items: states } = await client.list(SRIOV_NETWORK_NODE_STATE, { namespace: OPERATOR_NAMESPACE });
    for (const node of (await client.list(NODE)).items) {
      const { name } = node.metadata;
      const { spec, status } = states.find(({ metadata }) => metadata.name === name) ?? {};
      // Of a node that has not reported there is nothing to select.
      if (status?.interfaces === undefined) continue;
      const interfaces = interfacesOf(policies, node, status.interfaces);
      if (isDeepStrictEqual(interfaces, spec?.interfaces ?? [])) continue;
      await client.merge(SRIOV_NETWORK_NODE_STATE, name, { spec: { interfaces } }, OPERATOR);
      await this.configure(name, interfaces, status.interfaces);
    }
  }

  /** What the daemon of one node does. */
  private async configure(
    node: string,
    asked: readonly NodeStateInterface[],
    before: readonly NodeStateInterfaceStatus[],
  ): Promise<void> {
    await this.report(node, "InProgress", before);
    const after = before.map((nic) => {
      const key = `${node}/${nic.pciAddress}`;
      const wanted = asked.find(({ pciAddress }) => pciAddress === nic.pciAddress);
      if (wanted === undefined) return this.made.delete(key) ? withVfs(nic, 0) : nic;
      this.made.add(key);
      return wanted.numVfs === nic.numVfs ? nic : withVfs(nic, wanted.numVfs ?? 0);
    });
    await this.report(node, "Succeeded", after);
  }

  private async report(
    node: string,
    syncStatus: string,
    interfaces: readonly NodeStateInterfaceStatus[],
  ): Promise<void> {
    this.reports.push(`${node} ${syncStatus} ${interfaces.map(({ numVfs }) => numVfs).join(" ")}`);
    const status = { syncStatus, lastSyncError: "", interfaces };
    await this.cluster.lab.client.merge(
      SRIOV_NETWORK_NODE_STATE,
      node,
      { status },
      { ...OPERATOR, subresource: "status" },
    );
  }

  private validate(policies: readonly SriovNetworkNodePolicy[]): void {
    for (const { metadata, spec } of policies) {
      if (spec.numVfs === 0) this.refused.push(`numVfs(0) in CR ${metadata.name} is not allowed`);
      if (!/^[a-zA-Z0-9_]+$/.test(spec.resourceName)) this.refused.push(`resource name ${spec.resourceName}`);
    }
    const pairs = policies.flatMap((one, index) => policies.slice(index + 1).map((other) => [one, other] as const));
    for (const [one, other] of pairs) {
      const both = (one.spec.nicSelector.rootDevices ?? []).filter((root) =>
        other.spec.nicSelector.rootDevices?.includes(root),
      );
      const isSameNode = JSON.stringify(one.spec.nodeSelector) === JSON.stringify(other.spec.nodeSelector);
      if (isSameNode && both.length > 0) this.refused.push(`root device ${both.join()} is overlapped`);
    }
  }
}

function interfacesOf(
  policies: readonly SriovNetworkNodePolicy[],
  node: Node,
  nics: readonly NodeStateInterfaceStatus[],
): NodeStateInterface[] {
  // Its webhook, where it is installed, writes 99 where a manifest has none.
  const priority = ({ spec }: SriovNetworkNodePolicy): number => spec.priority ?? 0;
  const ordered = [...policies].sort(
    (a, b) => priority(b) - priority(a) || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  return nics.flatMap((nic) => {
    const last = ordered.filter((policy) => selects(policy, node, nic)).at(-1);
    return last === undefined || last.spec.numVfs === 0 ? [] : [asked(last, nic)];
  });
}

function asked(
  { metadata, spec }: SriovNetworkNodePolicy,
  { pciAddress, name = "" }: NodeStateInterfaceStatus,
): NodeStateInterface {
  const { numVfs, resourceName } = spec;
  const vfRange = `0-${numVfs - 1}`;
  const vfGroups = [{ policyName: metadata.name, resourceName, vfRange, deviceType: "netdevice" }];
  return { pciAddress, name, numVfs, vfGroups };
}

function selects({ spec }: SriovNetworkNodePolicy, node: Node, nic: NodeStateInterfaceStatus): boolean {
  const { rootDevices = [], pfNames = [] } = spec.nicSelector;
  return (
    Object.entries(spec.nodeSelector).every(([label, value]) => node.metadata.labels?.[label] === value) &&
    (rootDevices.length === 0 || rootDevices.includes(nic.pciAddress)) &&
    (pfNames.length === 0 || pfNames.includes(nic.name ?? ""))
  );
}

function withVfs(nic: NodeStateInterfaceStatus, numVfs: number): NodeStateInterfaceStatus {
  const Vfs = Array.from({ length: numVfs }, (_, vfID) => ({
    vfID,
    name: `${nic.name ?? ""}v${vfID}`,
    pciAddress: vfAddress(vfID),
    driver: "igbvf",
  }));
  return { ...nic, numVfs, Vfs };
}
