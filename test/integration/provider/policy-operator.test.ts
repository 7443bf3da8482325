import { expect } from "chai";
import { CUSTOM_RESOURCE_DEFINITION } from "../../../api/core.js";
import { sriovNetworkDeviceDefinition } from "../../../api/schemas/sriov-network-device.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { readImpacts } from "../../../plan/impact/impact.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import type { PolicyInputs } from "../../../provider/core/policy/policy-inputs.js";
import type { PolicyOutputs } from "../../../provider/core/policy/policy-outputs.js";
import { sriovNetworkNodePolicy as resource } from "../../../provider/core/policy/sriov-network-node-policy.js";
import { Cluster, PartialFailure } from "../../../provider/index.js";
import { until } from "../lab/until.js";
import { refusal } from "../refusal.js";
import { OPERATOR_NAMESPACE, OperatorCluster, vfAddress } from "./operator-cluster.js";
import { Told } from "./operations.js";

describe("a policy of a program on a cluster of the sriov-network-operator", () => {
  let operator: OperatorCluster;
  let cluster: Cluster;
  let told: Told;
  let state: PolicyOutputs;

  before(async () => {
    operator = await OperatorCluster.start();
    await operator.addNode("worker1");
    await operator.addNode("worker2");
    cluster = Cluster.open({ kubeconfig: operator.lab.controlPlane.kubeconfig });
  });
  beforeEach(() => (told = new Told(cluster)));
  after(async () => {
    await cluster.close();
    await operator.stop();
  });

  const inputs = (numVfs: number, more: Partial<PolicyInputs> = {}): PolicyInputs => ({
    policyName: "storage",
    namespace: OPERATOR_NAMESPACE,
    resourceName: "storage",
    nodeSelector: { role: "worker" },
    nicSelector: { pfNames: ["enp4s0f0"] },
    numVfs,
    onVfsInUse: "proceed",
    resourceUrn: "urn:pulumi:t::t::policy::storage",
    ...more,
  });
  const group = (last: number): object => {
    const vfGroups = [
      { policyName: "storage", resourceName: "storage", vfRange: `0-${last}`, deviceType: "netdevice" },
    ];
    return { numVfs: last + 1, vfGroups };
  };
  const ask = (node: string, last: number): Promise<void> => operator.ask(node, group(last));
  /** Resolves when it is what the operation waits for. */
  const waitsFor = (text: string): Promise<void> => until(() => told.statuses.at(-1)?.includes(text) === true);

  it("is put in the operator's namespace", async () => {
    const { namespace, ...given } = inputs(2);
    const { inputs: checked } = await resource.check(() => told.operation(), {}, given, new Set());
    expect(checked.namespace).to.equal(namespace);
  });

  it("is previewed by what the operator has reported of the nodes", async () => {
    await resource.check(() => told.operation(), {}, inputs(2), new Set());
    expect(told.warned).to.deep.equal([]);
    expect(told.informed[0]).to.contain("policy storage selects 2 NICs:");
    expect(told.informed[0]).to.contain("worker1-eno49 (eno49, 0000:04:00.0 on node worker1): 0 → 2 VFs, 0-1 for this");
  });

  it("is waited for until every node has what the operator asks of it", async () => {
    const created = resource.create(told.operation(), inputs(2));
    const { metadata, spec } = await operator.policy("storage");
    expect(spec).to.deep.include({ numVfs: 2, nicSelector: { pfNames: ["enp4s0f0"] } });
    expect(metadata.annotations).to.equal(undefined);
    await ask("worker1", 1);
    // Of before: the node's daemon has not heard of it yet.
    await waitsFor("0 of 2 NICs ready; waiting for worker1-eno49: syncStatus Succeeded, 0 of 2 VFs");
    await operator.report("worker1", "InProgress", 0);
    await waitsFor("waiting for worker1-eno49: syncStatus InProgress, 0 of 2 VFs");
    await operator.report("worker1", "Succeeded", 2);
    await waitsFor("1 of 2 NICs ready; waiting for worker2-eno49: the operator has not asked it of the node yet");
    await ask("worker2", 1);
    await operator.report("worker2", "Succeeded", 2);
    state = (await created).outputs;
    expect(state.status).to.equal("Configured");
  });

  it("has the NICs and VFs of the nodes' states for its outputs", () => {
    const matched = (nodeName: string): object => ({
      deviceName: `${nodeName}-eno49`,
      nodeName,
      interfaceName: "eno49",
      address: "0000:04:00.0",
      numVfs: 2,
      vfRange: "0-1",
      vfAddresses: [vfAddress(0), vfAddress(1)],
    });
    expect(state.matchedDevices).to.deep.equal([matched("worker1"), matched("worker2")]);
  });

  it("warns of the VFs that another number destroys, which no pod has", async () => {
    await resource.check(() => told.operation(), {}, inputs(3), new Set());
    expect(
      readImpacts(told.warned.join("\n")).map(({ object, change, outcome }) => [object, change, outcome]),
    ).to.deep.equal([
      ["worker1-eno49", "2 → 3 VFs", "none"],
      ["worker2-eno49", "2 → 3 VFs", "none"],
    ]);
  });

  it("fails with the operator's words where a node fails", async () => {
    const updated = refusal(resource.update(told.operation(), "", state, inputs(3)), PartialFailure);
    await until(() => operator.policies.get("storage", OPERATOR_NAMESPACE)?.spec.numVfs === 3);
    for (const node of ["worker1", "worker2"]) await ask(node, 2);
    await operator.report("worker1", "Succeeded", 3);
    await operator.report("worker2", "Failed", 2, "failed to drain");
    const { message, outputs } = await updated;
    expect(message).to.contain("1 NIC does not have what it asks for:\n  - worker2-eno49: Failed: failed to drain");
    state = outputs;
    expect(state.numVfs).to.equal(3);
  });

  it("is unfinished then, for the next up to go on with", async () => {
    const { inputs: checked } = await resource.check(() => told.operation(), {}, inputs(3), new Set());
    expect(resource.diff({ ...checked, ...state }, checked, new Set())).to.deep.include({ unfinished: true });
  });

  it("returns from a delete when the operator has taken it from the nodes", async () => {
    const deleted = resource.delete(told.operation(), `${OPERATOR_NAMESPACE}/storage`, state);
    await until(() => operator.policies.get("storage", OPERATOR_NAMESPACE) === undefined);
    await waitsFor("worker1-eno49: the operator still asks the node for it");
    await operator.ask("worker1", undefined);
    await waitsFor("worker1-eno49: syncStatus Succeeded, 3 VFs, to be 0");
    await operator.report("worker1", "Succeeded", 0);
    await operator.ask("worker2", undefined);
    await operator.report("worker2", "Succeeded", 0);
    await deleted;
    const { items } = await operator.lab.client.list(SRIOV_NETWORK_NODE_POLICY, { namespace: OPERATOR_NAMESPACE });
    expect(items).to.deep.equal([]);
  });

  it("says that the operator does not answer, where it does not", async () => {
    const error = await refusal(resource.create(told.operation(7_000), inputs(2)), PartialFailure);
    expect(error.message).to.contain(
      "nobody carries it out: the sriov-network-operator does not answer; check that its pods",
    );
  });

  it("is refused where agents of this project look at the NICs, too, and know a claim of a VF, of which no pod tells", async () => {
    const { client } = operator.lab;
    const options = { fieldManager: "test", force: true };
    const definition = sriovNetworkDeviceDefinition();
    await client.apply(CUSTOM_RESOURCE_DEFINITION, definition, options);
    const metadata = { name: "worker1-eno49" };
    const spec = { address: "0000:04:00.0", nodeName: "worker1" };
    await until(() =>
      client.apply(SRIOV_NETWORK_DEVICE, { metadata, spec }, options).then(
        () => true,
        () => false,
      ),
    );
    const vf = { index: 0, address: vfAddress(0), pciDevice: "", interfaceName: "eno49v0", usedBy: "claim a of alice" };
    const status = { interfaceName: "eno49", totalVFs: 8, virtualFunctions: [vf] };
    await client.merge(SRIOV_NETWORK_DEVICE, metadata.name, { status }, { ...options, subresource: "status" });
    await operator.report("worker1", "Succeeded", 1);
    await operator.ask("worker1", group(0));
    const both = Cluster.open({ kubeconfig: operator.lab.controlPlane.kubeconfig });
    try {
      const given = inputs(3, { onVfsInUse: "refuse" });
      const { failures } = await resource.check(() => new Told(both).operation(), {}, given, new Set());
      const [impact] = readImpacts(failures.map(({ reason }) => reason).join("\n"));
      expect(impact?.inUse.map(({ usedBy }) => usedBy)).to.deep.equal(["claim a of alice"]);
    } finally {
      await both.close();
    }
  });
});
