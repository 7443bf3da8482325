import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { LabController } from "../../../lab/controller.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import type { PolicyInputs } from "../../../provider/core/policy/policy-inputs.js";
import type { PolicyOutputs } from "../../../provider/core/policy/policy-outputs.js";
import { sriovNetworkNodePolicy as resource } from "../../../provider/core/policy/sriov-network-node-policy.js";
import { Cluster } from "../../../provider/index.js";
import { rescan } from "../agent/agent-process.js";
import { nics } from "../agent/hardware.js";
import { PolicyCluster } from "../controller/policy-cluster.js";
import { Told } from "./operations.js";

/** Two nodes of 13 NICs each. */
export const A = "n-prov-a";
export const B = "n-prov-b";
const ROLE = { role: "prov" };

/** What a program does with policies, in a cluster with a controller, and what it is told. */
export class PolicyProgram {
  /** VFs of the first node that somebody uses, to be let go of in the end. */
  readonly inUse: string[] = [];
  private parts: Parts | undefined;
  private toldNow: Told | undefined;

  async start(): Promise<void> {
    const people = await PolicyCluster.start();
    const { lab } = people;
    const node = await lab.addSimulatedNode(A, { spec: { nics: nics(13) } });
    await lab.addSimulatedNode(B, { spec: { nics: nics(13) } });
    await Promise.all([A, B].map((name) => people.label(name, ROLE)));
    const controller = await lab.startController();
    const cluster = Cluster.open({ kubeconfig: lab.controlPlane.kubeconfig });
    this.parts = { people, node, controller, cluster };
  }

  /** Forgets what was told so far. */
  begin(): void {
    this.toldNow = new Told(this.cluster);
  }

  async stop(): Promise<void> {
    const { people, node, controller, cluster } = this.started;
    await cluster.close();
    // Those that are still there.
    for (const address of this.inUse) await node.hardware.setInterfaceElsewhere(address, false).catch(() => undefined);
    rescan(people.lab.run, node);
    await people.stop(controller);
  }

  get people(): PolicyCluster {
    return this.started.people;
  }

  /** The first of the nodes. */
  get node(): SimulatedNode {
    return this.started.node;
  }

  get cluster(): Cluster {
    return this.started.cluster;
  }

  get told(): Told {
    if (this.toldNow === undefined) throw new Error("it has not begun");
    return this.toldNow;
  }

  /** Of NIC `index` of both nodes, unless it says more. */
  readonly inputs = (index: number, numVfs: number, more: Partial<PolicyInputs> = {}): PolicyInputs => ({
    policyName: `prov-${index}`,
    namespace: RECONCILER_NAMESPACE,
    resourceName: `prov_${index}`,
    nodeSelector: ROLE,
    nicSelector: { pfNames: [`nic${index}`] },
    numVfs,
    resourceUrn: `urn:pulumi:t::t::policy::prov-${index}`,
    ...more,
  });

  readonly create = async (given: PolicyInputs): Promise<PolicyOutputs> =>
    (await resource.create(this.told.operation(), given)).outputs;

  readonly update = (olds: PolicyOutputs, given: PolicyInputs): Promise<PolicyOutputs> =>
    resource.update(this.told.operation(), `${olds.namespace}/${olds.policyName}`, olds, given);

  readonly remove = (olds: PolicyOutputs): Promise<void> =>
    resource.delete(this.told.operation(), `${olds.namespace}/${olds.policyName}`, olds);

  readonly check = (
    given: Partial<PolicyInputs>,
    olds: Partial<PolicyInputs> = {},
  ): ReturnType<typeof resource.check> => resource.check(() => this.told.operation(), olds, given, new Set());

  readonly live = (name: string): Promise<SriovNetworkNodePolicy> =>
    this.people.lab.client.get(SRIOV_NETWORK_NODE_POLICY, name, { namespace: RECONCILER_NAMESPACE });

  /** Has somebody use the first VF of NIC `index` of the first node. */
  readonly use = async (index: number): Promise<string> => {
    const { people, node, cluster } = this.started;
    const name = `${A}-nic${index}`;
    const device = await people.lab.client.get(SRIOV_NETWORK_DEVICE, name);
    const [address = ""] = device.status?.vfAddresses ?? [];
    await node.hardware.setInterfaceElsewhere(address, true);
    this.inUse.push(address);
    rescan(people.lab.run, node);
    await people.observer.device(name, ({ status }) => status?.virtualFunctions?.[0]?.usedBy !== undefined);
    // The provider has a watch of its own.
    const devices = await cluster.devices();
    devices.observe(await people.lab.client.get(SRIOV_NETWORK_DEVICE, name));
    return address;
  };

  private get started(): Parts {
    if (this.parts === undefined) throw new Error("it has not started");
    return this.parts;
  }
}

interface Parts {
  readonly people: PolicyCluster;
  readonly node: SimulatedNode;
  readonly controller: LabController;
  readonly cluster: Cluster;
}
