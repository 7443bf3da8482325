import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { CUSTOM_RESOURCE_DEFINITION, type CustomResourceDefinition, NAMESPACE, NODE, POD } from "../../../api/core.js";
import { NETWORK_STATUS } from "../../../api/network-attachment-definition.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import {
  type NodeStateInterface,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from "../../../api/sriov-network-node-state.js";
import { Informer } from "../../../kube/informer.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun } from "../../../lab/processes/lab-run.js";
import { until as observed } from "../agent/observer.js";
import { until } from "../lab/until.js";
import { makeDefaultAccount } from "../service-account.js";

export const OPERATOR_NAMESPACE = "sriov-network-operator";

const FIELD_MANAGER = "sriov-network-operator";
const TOTAL_VFS = 8;

/** Where the policy is that a resource makes for the node's NIC. */
export function policyPlace(node: string): { readonly name: string; readonly namespace: string } {
  return { name: `pulumi-sriov-nic-${node}-000004000`, namespace: OPERATOR_NAMESPACE };
}

/** A cluster with the kinds of the sriov-network-operator alone, whose part the test takes, step by step. */
export class OperatorCluster {
  private constructor(
    readonly lab: Lab,
    readonly policies: Informer<SriovNetworkNodePolicy>,
  ) {}

  static async start(): Promise<OperatorCluster> {
    const lab = await startLab(await beginRun({ label: "test" }), { contract: false });
    const { client } = lab;
    const options = { fieldManager: FIELD_MANAGER, force: true };
    await client.apply(NAMESPACE, { metadata: { name: OPERATOR_NAMESPACE } }, options);
    for (const definition of [
      released("sriovnetworknodepolicies"),
      released("sriovnetworks"),
      released("sriovnetworknodestates"),
    ])
      await client.apply(CUSTOM_RESOURCE_DEFINITION, definition, options);
    const kinds: readonly ResourceType<KubeObject>[] = [SRIOV_NETWORK_NODE_POLICY, SRIOV_NETWORK_NODE_STATE];
    for (const type of kinds)
      await until(() =>
        client.list(type).then(
          () => true,
          () => false,
        ),
      );
    const policies = new Informer(client, SRIOV_NETWORK_NODE_POLICY).start();
    await policies.synced;
    return new OperatorCluster(lab, policies);
  }

  private async allPolicies(): Promise<readonly SriovNetworkNodePolicy[]> {
    return (await this.lab.client.list(SRIOV_NETWORK_NODE_POLICY, { namespace: OPERATOR_NAMESPACE })).items;
  }

  /** The one that a resource makes for the node's NIC. */
  async policyOf(node: string): Promise<SriovNetworkNodePolicy | undefined> {
    return (await this.allPolicies()).find(({ metadata }) => metadata.name === policyPlace(node).name);
  }

  /** How many VFs the node's NIC has. */
  async presentOn(node: string): Promise<number> {
    const state = await this.lab.client.get(SRIOV_NETWORK_NODE_STATE, node, { namespace: OPERATOR_NAMESPACE });
    return state.status?.interfaces?.[0]?.numVfs ?? 0;
  }

  /** A pod of the node whose networks are made of this VF. */
  async runPod(name: string, nodeName: string, address: string): Promise<void> {
    const device = { type: "pci", version: "1.0.0", pci: { "pci-address": address } };
    const networks = JSON.stringify([{ name: "cbr0" }, { name: "n", "device-info": device }]);
    const metadata = { name, namespace: "default", annotations: { [NETWORK_STATUS]: networks } };
    const spec = { nodeName, containers: [{ name: "c", image: "none" }] };
    await makeDefaultAccount(this.lab.client);
    await this.lab.client.create(POD, { metadata, spec }, { fieldManager: "test" });
  }

  async stop(): Promise<void> {
    await this.policies.stop();
    this.lab.client.close();
    await this.lab.run.stop();
  }

  /** A node with one NIC, `eno49`, that the operator has reported. */
  async addNode(name: string): Promise<void> {
    const { client } = this.lab;
    const options = { fieldManager: FIELD_MANAGER };
    const labels = { role: "worker", "kubernetes.io/hostname": name };
    await client.create(NODE, { metadata: { name, labels } }, options);
    const annotations = {
      "sriovnetwork.openshift.io/current-state": "Idle",
      "sriovnetwork.openshift.io/desired-state": "Idle",
    };
    const metadata = { name, namespace: OPERATOR_NAMESPACE, annotations };
    await client.create(SRIOV_NETWORK_NODE_STATE, { metadata }, options);
    await this.report(name, "Succeeded", 0);
  }

  /** What the operator's controller makes of policies: what the node is to be. */
  async ask(name: string, asked: Omit<NodeStateInterface, "pciAddress"> | undefined): Promise<void> {
    const interfaces = asked === undefined ? [] : [{ ...nic, ...asked }];
    await this.merge(name, { spec: { interfaces } });
  }

  /** What the operator's daemon on the node says. */
  async report(name: string, syncStatus: string, vfs: number, lastSyncError = ""): Promise<void> {
    const Vfs = Array.from({ length: vfs }, (_, vfID) => ({
      vfID,
      name: `eno49v${vfID}`,
      pciAddress: vfAddress(vfID),
      driver: "igbvf",
    }));
    const identity = { vendor: "8086", deviceID: "10c9", totalvfs: TOTAL_VFS, linkType: "ETH", driver: "igb" };
    const interfaces = [{ ...nic, ...identity, altNames: ["enp4s0f0"], numVfs: vfs, Vfs: Vfs.reverse() }];
    await this.merge(name, { status: { syncStatus, lastSyncError, interfaces } }, "status");
  }

  /** Resolves when there is such a policy. */
  policy(name: string): Promise<SriovNetworkNodePolicy> {
    return observed(
      this.policies,
      () => this.policies.get(name, OPERATOR_NAMESPACE),
      () => true,
      name,
    );
  }

  private async merge(
    name: string,
    patch: Partial<Pick<SriovNetworkNodeState, "spec" | "status">>,
    subresource?: "status",
  ): Promise<void> {
    await this.lab.client.merge(SRIOV_NETWORK_NODE_STATE, name, patch, {
      namespace: OPERATOR_NAMESPACE,
      fieldManager: FIELD_MANAGER,
      ...(subresource && { subresource }),
    });
  }
}

export function vfAddress(index: number): string {
  return `0000:04:10.${index}`;
}

export const nic = { name: "eno49", pciAddress: "0000:04:00.0" };

function released(plural: string): CustomResourceDefinition {
  const file = join(__dirname, "../../../../test/fixtures/sriov-network-operator", `${plural}.yaml`);
  return parse(readFileSync(file, "utf8")) as CustomResourceDefinition;
}
