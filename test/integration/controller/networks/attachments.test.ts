import { expect } from "chai";
import { Annotation, CONTROLLER_FIELD_MANAGER, RECONCILER_NAMESPACE } from "../../../../api/names.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../../../../api/network-attachment-definition.js";
import { SRIOV_NETWORK } from "../../../../api/sriov-network.js";
import type { LabController } from "../../../../lab/controller.js";
import { sharedLab } from "../../../shared-lab.js";
import { Cluster, configOf, foreignAttachment, readyOf } from "./cluster.js";

describe("a network's attachment", () => {
  let cluster: Cluster;
  let controller: LabController;

  before(async () => {
    const lab = await sharedLab();
    cluster = await Cluster.watch(lab.client);
    controller = await lab.startController();
  });
  after(async () => {
    await cluster.stop();
    await controller.stop();
  });

  it("is told in the network's status, with what pods ask for", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.ready(await cluster.create("told", namespace, { resourceName: "fast" }), "Attached");
    expect(network.status).to.include({
      observedGeneration: 1,
      networkAttachmentDefinition: `${namespace}/told`,
      resourceName: "openshift.io/fast",
    });
    expect(readyOf(network)).to.include({
      status: "True",
      observedGeneration: 1,
      message: `NetworkAttachmentDefinition ${namespace}/told gives pods a VF of openshift.io/fast`,
    });
  });

  it("is told by an event", async () => {
    const namespace = await cluster.namespace();
    const event = await cluster.event(await cluster.create("heard", namespace, { resourceName: "fast" }), "Attached");
    expect(event).to.deep.include({ type: "Normal" });
    expect(event.message).to.include(`${namespace}/heard`);
  });

  it("follows the network's spec", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("followed", namespace, { resourceName: "fast", vlan: 100 });
    await cluster.ready(network, "Attached");
    await cluster.edit(SRIOV_NETWORK, network.metadata, { spec: { vlan: 200, resourceName: "slow" } });
    const attachment = await cluster.attachment(
      namespace,
      "followed",
      (it) => it.spec?.config?.includes("200") ?? false,
    );
    expect(attachment.metadata.annotations?.[Annotation.resourceName]).to.equal("openshift.io/slow");
    await cluster.event(network, "Updated");
  });

  it("is put back where somebody edits it", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("edited", namespace, { resourceName: "fast", vlan: 100 });
    await cluster.ready(network, "Attached");
    const { metadata, spec } = await cluster.attachment(namespace, "edited");
    const edited = await cluster.edit(NETWORK_ATTACHMENT_DEFINITION, metadata, {
      metadata: { annotations: { [Annotation.resourceName]: "openshift.io/else" } },
      spec: { config: "{}" },
    });
    const back = await cluster.attachmentAfter(edited, (it) => it.spec?.config === spec?.config);
    expect(back.metadata.annotations?.[Annotation.resourceName]).to.equal("openshift.io/fast");
    await cluster.event(network, "PutBack");
  });

  it("is put back with a pause where somebody edits it again and again, who is named", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("contended", namespace, { resourceName: "fast" });
    await cluster.ready(network, "Attached");
    const { metadata } = await cluster.attachment(namespace, "contended");
    const edit = () => cluster.edit(NETWORK_ATTACHMENT_DEFINITION, metadata, { spec: { config: "{}" } });
    await cluster.attachmentAfter(await edit());
    const again = await edit();
    const told = await cluster.ready(network, "Failed");
    expect(readyOf(told)?.message).to.include("again and again (field managers: kubectl-edit)");
    await cluster.attachmentAfter(again);
    await cluster.ready(network, "Attached");
  });

  it("keeps what somebody adds to it", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("added-to", namespace, { resourceName: "fast", vlan: 100 });
    await cluster.ready(network, "Attached");
    const { metadata } = await cluster.attachment(namespace, "added-to");
    const edited = await cluster.edit(NETWORK_ATTACHMENT_DEFINITION, metadata, {
      metadata: { annotations: { note: "mine" } },
      spec: { config: "{}" },
    });
    const back = await cluster.attachmentAfter(edited, (it) => it.spec?.config?.includes("100") ?? false);
    expect(back.metadata.annotations).to.include({ note: "mine" });
  });

  it("is still the network's where somebody takes its owner off", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("disowned", namespace, { resourceName: "fast" });
    await cluster.ready(network, "Attached");
    const { metadata } = await cluster.attachment(namespace, "disowned");
    const annotations = { [Annotation.ownerRef]: null };
    const bare = await cluster.edit(NETWORK_ATTACHMENT_DEFINITION, metadata, { metadata: { annotations } });
    const back = await cluster.attachmentAfter(bare);
    expect(back.metadata.annotations?.[Annotation.ownerRef]).to.include(`${namespace}/disowned`);
  });

  it("is made again where somebody deletes it", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("deleted", namespace, { resourceName: "fast" });
    await cluster.ready(network, "Attached");
    const { metadata } = await cluster.attachment(namespace, "deleted");
    await cluster.remove(NETWORK_ATTACHMENT_DEFINITION, metadata);
    await cluster.attachment(namespace, "deleted", (it) => it.metadata.uid !== metadata.uid);
  });

  it("moves with networkNamespace", async () => {
    const [from, to] = [await cluster.namespace(), await cluster.namespace()];
    const network = await cluster.createCentral("moved", { resourceName: "fast", networkNamespace: from });
    await cluster.ready(network, "Attached");
    await cluster.edit(SRIOV_NETWORK, network.metadata, { spec: { networkNamespace: to } });
    await cluster.attachment(to, "moved");
    await cluster.noAttachment(from, "moved");
  });

  it("moves out of the network's own namespace", async () => {
    const to = await cluster.namespace();
    const network = await cluster.createCentral("moved-out", { resourceName: "fast" });
    await cluster.ready(network, "Attached");
    await cluster.edit(SRIOV_NETWORK, network.metadata, { spec: { networkNamespace: to } });
    await cluster.attachment(to, "moved-out");
    await cluster.noAttachment(RECONCILER_NAMESPACE, "moved-out");
  });

  it("goes with a network in another namespace", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.createCentral("far", { resourceName: "fast", networkNamespace: namespace });
    await cluster.ready(network, "Attached");
    await cluster.remove(SRIOV_NETWORK, network.metadata);
    await cluster.noAttachment(namespace, "far");
  });

  it("goes with a network in its own namespace", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("near", namespace, { resourceName: "fast" });
    await cluster.ready(network, "Attached");
    await cluster.remove(SRIOV_NETWORK, network.metadata);
    await cluster.noAttachment(namespace, "near");
  });

  it("goes with a network in another namespace that a finalizer of the operator holds up", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.createCentral("held-up", { resourceName: "fast", networkNamespace: namespace });
    await cluster.attachment(namespace, "held-up");
    const finalizers = ["netattdef.finalizers.sriovnetwork.openshift.io"];
    await cluster.edit(SRIOV_NETWORK, network.metadata, { metadata: { finalizers } });
    await cluster.remove(SRIOV_NETWORK, network.metadata);
    await cluster.noAttachment(namespace, "held-up");
    await cluster.edit(SRIOV_NETWORK, network.metadata, { metadata: { finalizers: null } });
  });

  it("stays where its network is deleted with its dependents orphaned", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("orphaned", namespace, { resourceName: "fast" });
    await cluster.ready(network, "Attached");
    await cluster.client.raw({
      method: "DELETE",
      path: `/apis/${SRIOV_NETWORK.apiVersion}/namespaces/${namespace}/${SRIOV_NETWORK.plural}/orphaned`,
      body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Orphan" },
    });
    await cluster.attachment(namespace, "orphaned", ({ metadata }) => metadata.ownerReferences === undefined);
    await cluster.noNetwork(network.metadata);
    // By the time that another network has its attachment, the controller has heard of this one's end.
    await cluster.ready(await cluster.create("afterwards", namespace, { resourceName: "fast" }), "Attached");
    expect(await cluster.attachmentNow(namespace, "orphaned")).to.not.equal(undefined);
  });

  it("is taken over from the sriov-network-operator, which made it for the same network", async () => {
    const namespace = await cluster.namespace();
    const owner = `SriovNetwork.sriovnetwork.openshift.io/${RECONCILER_NAMESPACE}/taken-over`;
    await foreignAttachment(
      cluster,
      namespace,
      "taken-over",
      { [Annotation.ownerRef]: owner },
      "sriov-network-operator",
    );
    const network = await cluster.createCentral("taken-over", { resourceName: "fast", networkNamespace: namespace });
    await cluster.ready(network, "Attached");
    const attachment = await cluster.attachment(
      namespace,
      "taken-over",
      (it) => it.spec?.config?.includes("sriov") ?? false,
    );
    expect(configOf(attachment)).to.include({ type: "sriov" });
    await cluster.remove(SRIOV_NETWORK, network.metadata);
    await cluster.noAttachment(namespace, "taken-over");
  });

  it("is written under the controller's field manager alone", async () => {
    const namespace = await cluster.namespace();
    await cluster.create("managed", namespace, { resourceName: "fast" });
    const { metadata } = await cluster.attachment(namespace, "managed");
    expect(metadata.managedFields?.map(({ manager, operation }) => [manager, operation])).to.deep.equal([
      [CONTROLLER_FIELD_MANAGER, "Apply"],
    ]);
  });

  it("is the older network's where two want the same, and the other's once that is gone", async () => {
    const namespace = await cluster.namespace();
    const spec = { resourceName: "fast" };
    const first = await cluster.createCentral("twins", { ...spec, networkNamespace: namespace });
    await cluster.ready(first, "Attached");
    const second = await cluster.create("twins", namespace, spec);
    const refused = await cluster.ready(second, "ForeignOwner");
    expect(readyOf(refused)?.message).to.include(
      `is SriovNetwork.sriovnetwork.openshift.io/${RECONCILER_NAMESPACE}/twins's; it is left alone`,
    );
    expect(refused.status).to.not.have.any.keys("networkAttachmentDefinition", "resourceName");
    const theirs = await cluster.attachment(namespace, "twins");
    expect(theirs.metadata.annotations?.[Annotation.ownerRef]).to.include(RECONCILER_NAMESPACE);
    await cluster.remove(SRIOV_NETWORK, first.metadata);
    await cluster.ready(second, "Attached");
  });
});
