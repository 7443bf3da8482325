import { expect } from "chai";
import { Annotation, RECONCILER_NAMESPACE } from "../../../../api/names.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../../../../api/network-attachment-definition.js";
import { SRIOV_NETWORK } from "../../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../../api/sriov-network-node-policy.js";
import type { LabController } from "../../../../lab/controller.js";
import type { Lab } from "../../../../lab/lab.js";
import { sharedLab } from "../../../shared-lab.js";
import { Cluster, foreignAttachment } from "./cluster.js";

describe("while no controller runs", () => {
  let lab: Lab;
  let cluster: Cluster;
  let controller: LabController | undefined;

  before(async () => {
    lab = await sharedLab();
    cluster = await Cluster.watch(lab.client);
  });
  after(() => cluster.stop());
  beforeEach(async () => {
    controller = await lab.startController();
  });
  afterEach(() => leave());

  async function leave(): Promise<void> {
    await controller?.stop();
    controller = undefined;
  }

  it("a network goes with its attachment, which the garbage collector removes", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("collected", namespace, { resourceName: "fast" });
    await cluster.ready(network, "Attached");
    await leave();
    await cluster.remove(SRIOV_NETWORK, network.metadata);
    await cluster.noAttachment(namespace, "collected");
  });

  it("a network goes at once that has its attachment in another namespace, and that goes when one runs again", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.createCentral("swept", { resourceName: "fast", networkNamespace: namespace });
    await cluster.ready(network, "Attached");
    await leave();
    await cluster.remove(SRIOV_NETWORK, network.metadata);
    const { items } = await lab.client.list(SRIOV_NETWORK, { namespace: RECONCILER_NAMESPACE });
    expect(items.map(({ metadata }) => metadata.name)).to.not.include("swept");
    expect(await cluster.attachmentNow(namespace, "swept")).to.not.equal(undefined);
    controller = await lab.startController();
    await cluster.noAttachment(namespace, "swept");
  });

  it("a network may name another namespace, and its attachment moves when one runs again", async () => {
    const [from, to] = [await cluster.namespace(), await cluster.namespace()];
    const network = await cluster.createCentral("moved-away", { resourceName: "fast", networkNamespace: from });
    await cluster.ready(network, "Attached");
    await leave();
    await cluster.edit(SRIOV_NETWORK, network.metadata, { spec: { networkNamespace: to } });
    controller = await lab.startController();
    await cluster.attachment(to, "moved-away");
    await cluster.noAttachment(from, "moved-away");
  });

  it("a policy may get another resource, which its network follows when one runs again", async () => {
    const policy = await cluster.policy("away-policy", "before");
    const annotations = { [Annotation.policy]: "away-policy" };
    const network = await cluster.create("behind", await cluster.namespace(), {}, annotations);
    await cluster.ready(network, "Attached");
    await leave();
    await cluster.edit(SRIOV_NETWORK_NODE_POLICY, policy.metadata, { spec: { resourceName: "after" } });
    controller = await lab.startController();
    await cluster.network(network.metadata, ({ status }) => status?.resourceName === "openshift.io/after");
  });

  it("somebody may delete an attachment, which is made again when one runs again", async () => {
    const namespace = await cluster.namespace();
    await cluster.ready(await cluster.create("lost", namespace, { resourceName: "fast" }), "Attached");
    await leave();
    await cluster.remove(NETWORK_ATTACHMENT_DEFINITION, { name: "lost", namespace });
    await cluster.noAttachment(namespace, "lost");
    controller = await lab.startController();
    await cluster.attachment(namespace, "lost");
  });

  it("another's attachment loses its network, and is left to him when one runs again", async () => {
    // Looked at in the order of their names: what is left behind after it was swept when this one had its turn.
    const [first, last] = [await cluster.namespace("nets-a-theirs"), await cluster.namespace("nets-b-ours")];
    const network = await cluster.createCentral("orphan", { resourceName: "fast", networkNamespace: last });
    await cluster.ready(network, "Attached");
    await leave();
    await cluster.remove(SRIOV_NETWORK, network.metadata);
    const owner = `SriovNetwork.sriovnetwork.openshift.io/${RECONCILER_NAMESPACE}/orphan`;
    await foreignAttachment(cluster, first, "orphan", { [Annotation.ownerRef]: owner }, "sriov-network-operator");
    controller = await lab.startController();
    await cluster.noAttachment(last, "orphan");
    await leave();
    expect(await cluster.attachmentNow(first, "orphan")).to.not.equal(undefined);
  });
});
