import { expect } from "chai";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { PCI_DEVICE_CLAIM } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { ConnectionError } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { findObject, specOwners } from "../../../provider/core/owned-object.js";
import {
  Cluster,
  type Operation,
  PartialFailure,
  pciDeviceClaim,
  type Resource,
  type SharedInputs,
  sriovNetwork,
  sriovNetworkDevice,
  sriovNetworkNodePolicy,
} from "../../../provider/index.js";
import { sharedLab } from "../../shared-lab.js";
import { refusal } from "../refusal.js";
import { Told } from "./operations.js";

/** The API server carries the write out, and its answer is lost. */
describe("an object of which no answer tells whether it was made", () => {
  const nodeName = "unanswered";
  let lab: Lab;
  let cluster: Cluster;
  let pciDevice = "";

  before(async () => {
    lab = await sharedLab();
    await lab.addSimulatedNode(nodeName);
    cluster = Cluster.open({ kubeconfig: lab.controlPlane.kubeconfig });
    const nic = { nodeName, interfaceName: "eno49", numVfs: 1, resourceUrn: "urn:pulumi:test::unanswered::nic" };
    const { outputs } = await sriovNetworkDevice.create(new Told(cluster).operation(), nic);
    pciDevice = outputs.vfPciDevices[0] ?? expect.fail("the NIC has no VF");
  });
  after(() => cluster.close());

  const policy = { resourceName: "r", nodeSelector: { none: "such" }, nicSelector: { vendor: "8086" }, numVfs: 2 };
  const network = { resourceName: "r", requireCapableNode: false };
  it("keeps the state of a policy, with which it is deleted", () =>
    keepsState(sriovNetworkNodePolicy, SRIOV_NETWORK_NODE_POLICY, policy));
  it("keeps the state of a network, with which it is deleted", () => keepsState(sriovNetwork, SRIOV_NETWORK, network));
  it("keeps the state of a claim, with which it is deleted", () =>
    keepsState(pciDeviceClaim, PCI_DEVICE_CLAIM, { pciDevice }));

  async function keepsState<Inputs extends SharedInputs, Outputs extends Inputs & { readonly fieldManager?: string }>(
    resource: Resource<Inputs, Outputs>,
    type: ResourceType<KubeObject>,
    news: Partial<Inputs>,
  ): Promise<void> {
    const operation = new Told(cluster).operation();
    const resourceUrn = `urn:pulumi:test::unanswered::${type.plural}`;
    const checked = await resource.check(() => operation, {}, { ...news, resourceUrn }, new Set());
    expect(checked.failures).to.deep.equal([]);
    const create = resource.create(answerless(operation), checked.inputs as Inputs);
    const { id, outputs, message } = await refusal(create, PartialFailure<Outputs>);
    expect(message).to.equal("lost");
    const [name = "", space] = id.split("/").reverse();
    const place = { name, ...(space !== undefined && { namespace: space }) };
    const live = (await findObject(lab.client, type, place)) ?? expect.fail(`no ${id}`);
    expect(specOwners(live)).to.deep.equal([outputs.fieldManager]);
    await resource.delete(operation, id, outputs);
    expect(await findObject(lab.client, type, place)).to.equal(undefined);
  }

  /** The same operation, without the answers to its applies. */
  function answerless(operation: Operation): Operation {
    const { client } = operation.cluster;
    const apply: typeof client.apply = async (...args) => {
      await client.apply(...args);
      throw new ConnectionError("lost", "ETIMEDOUT");
    };
    const cutClient = Object.assign(Object.create(client) as typeof client, { apply });
    return { ...operation, cluster: Object.assign(Object.create(cluster) as Cluster, { client: cutClient }) };
  }
});
