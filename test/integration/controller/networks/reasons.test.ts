import { expect } from "chai";
import { Annotation, RECONCILER_NAMESPACE } from "../../../../api/names.js";
import { NETWORK_ATTACHMENT_DEFINITION } from "../../../../api/network-attachment-definition.js";
import type { KubeObject, ResourceType } from "../../../../api/object.js";
import { SRIOV_NETWORK } from "../../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../../api/sriov-network-node-policy.js";
import type { LabController } from "../../../../lab/controller.js";
import { Informer } from "../../../../kube/informer.js";
import { sharedLab } from "../../../shared-lab.js";
import { until } from "../../agent/observer.js";
import { Cluster, foreignAttachment, readyOf } from "./cluster.js";

describe("a network without attachment", () => {
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

  it("waits for its namespace, says so, and has it as soon as that is there", async () => {
    const network = await cluster.createCentral("early", { resourceName: "fast", networkNamespace: "nets-late" });
    const waiting = await cluster.ready(network, "NamespaceMissing");
    expect(readyOf(waiting)).to.include({ status: "False" });
    expect(readyOf(waiting)?.message).to.include("nets-late").and.to.include("does not exist; it is waited for");
    await cluster.namespace("nets-late");
    await cluster.ready(network, "Attached");
    await cluster.attachment("nets-late", "early");
  });

  it("is told by an event", async () => {
    const network = await cluster.createCentral("warned", { resourceName: "fast", networkNamespace: "nets-none" });
    expect(await cluster.event(network, "NamespaceMissing")).to.include({ type: "Warning" });
  });

  it("may not have it in another namespace, unless it is in the controller's own", async () => {
    const [own, other] = [await cluster.namespace(), await cluster.namespace()];
    const network = await cluster.create("daring", own, { resourceName: "fast", networkNamespace: other });
    const refused = await cluster.ready(network, "NamespaceRefused");
    expect(readyOf(refused)?.message).to.include(`make the network in ${RECONCILER_NAMESPACE}`);
    expect(await cluster.attachmentNow(other, "daring")).to.equal(undefined);
    expect(await cluster.attachmentNow(own, "daring")).to.equal(undefined);
    await cluster.edit(SRIOV_NETWORK, network.metadata, { spec: { networkNamespace: null } });
    await cluster.ready(network, "Attached");
    await cluster.attachment(own, "daring");
  });

  it("keeps the one that it had before it asked for too much", async () => {
    const [own, other] = [await cluster.namespace(), await cluster.namespace()];
    const network = await cluster.create("late-daring", own, { resourceName: "fast" });
    await cluster.ready(network, "Attached");
    await cluster.edit(SRIOV_NETWORK, network.metadata, { spec: { networkNamespace: other } });
    const refused = await cluster.ready(network, "NamespaceRefused");
    expect(refused.status).to.include({ networkAttachmentDefinition: `${own}/late-daring` });
    expect(await cluster.attachmentNow(own, "late-daring")).to.not.equal(undefined);
  });

  it("leaves a person's attachment as it is, and has its own once that is gone", async () => {
    const namespace = await cluster.namespace();
    const theirs = await foreignAttachment(cluster, namespace, "taken");
    const network = await cluster.create("taken", namespace, { resourceName: "fast" });
    const refused = await cluster.ready(network, "ForeignOwner");
    expect(readyOf(refused)?.message)
      .to.include("says nothing of an owner; it is left alone")
      .and.to.include(`hand it over by the annotation ${Annotation.ownerRef}=`);
    expect((await cluster.attachmentNow(namespace, "taken"))?.metadata.resourceVersion).to.equal(
      theirs.metadata.resourceVersion,
    );
    await cluster.remove(NETWORK_ATTACHMENT_DEFINITION, theirs.metadata);
    await cluster.ready(network, "Attached");
  });

  it("takes a person's attachment over that is handed to it", async () => {
    const namespace = await cluster.namespace();
    const theirs = await foreignAttachment(cluster, namespace, "handed");
    const network = await cluster.create("handed", namespace, { resourceName: "fast" });
    await cluster.ready(network, "ForeignOwner");
    const annotations = { [Annotation.ownerRef]: `SriovNetwork.sriovnetwork.openshift.io/${namespace}/handed` };
    await cluster.edit(NETWORK_ATTACHMENT_DEFINITION, theirs.metadata, { metadata: { annotations } });
    await cluster.ready(network, "Attached");
  });

  for (const [property, text] of [
    ["ipam", '{\n  "type": "host-local"\n  "subnet": "10.0.0.0/8" }'],
    ["capabilities", '{ "mac": true,\n  mac: false }'],
    ["metaPlugins", '{ "type": "vrf" },\n  { "type": }'],
  ] as const) {
    it(`is told where ${property} is no JSON`, async () => {
      const namespace = await cluster.namespace();
      const network = await cluster.create("malformed", namespace, { resourceName: "fast", [property]: text });
      const refused = await cluster.ready(network, "InvalidConfig");
      expect(readyOf(refused)?.message).to.match(new RegExp(`^${property} is not JSON: at line [23], column \\d+ `));
      await cluster.edit(SRIOV_NETWORK, network.metadata, { spec: { [property]: "" } });
      await cluster.ready(network, "Attached");
    });
  }

  it("keeps the one that it had before its configuration became invalid", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("spoilt", namespace, { resourceName: "fast", ipam: '{"type":"dhcp"}' });
    await cluster.ready(network, "Attached");
    const { spec } = await cluster.attachment(namespace, "spoilt");
    await cluster.edit(SRIOV_NETWORK, network.metadata, { spec: { ipam: "{" } });
    const refused = await cluster.ready(network, "InvalidConfig");
    expect(refused.status).to.include({ networkAttachmentDefinition: `${namespace}/spoilt` });
    expect((await cluster.attachmentNow(namespace, "spoilt"))?.spec).to.deep.equal(spec);
  });

  it("waits for the policy that it names, says so, and has it as soon as that is there", async () => {
    const namespace = await cluster.namespace();
    const network = await cluster.create("follower", namespace, {}, { [Annotation.policy]: "late-policy" });
    const waiting = await cluster.ready(network, "PolicyMissing");
    expect(readyOf(waiting)?.message).to.include(`SriovNetworkNodePolicy late-policy in ${RECONCILER_NAMESPACE}`);
    await cluster.policy("late-policy", "late");
    expect((await cluster.ready(network, "Attached")).spec.resourceName).to.equal("late");
  });

  it("follows its policy's resource, and the attachment with it", async () => {
    const namespace = await cluster.namespace();
    const policy = await cluster.policy("renamed-policy", "before");
    const annotations = { [Annotation.policy]: "renamed-policy" };
    const network = await cluster.create("in-step", namespace, {}, annotations);
    await cluster.ready(network, "Attached");
    await cluster.edit(SRIOV_NETWORK_NODE_POLICY, policy.metadata, { spec: { resourceName: "after" } });
    await cluster.network(network.metadata, ({ status }) => status?.resourceName === "openshift.io/after");
    const attachment = await cluster.attachment(namespace, "in-step");
    expect(attachment.metadata.annotations?.[Annotation.resourceName]).to.equal("openshift.io/after");
  });

  it("has its policy's resource although somebody wrote another", async () => {
    const namespace = await cluster.namespace();
    await cluster.policy("strict-policy", "theirs");
    const annotations = { [Annotation.policy]: "strict-policy" };
    const network = await cluster.create("overruled", namespace, { resourceName: "mine" }, annotations);
    expect((await cluster.ready(network, "Attached")).spec.resourceName).to.equal("theirs");
  });

  it("takes no policy of another namespace for the one that it names", async () => {
    const namespace = await cluster.namespace();
    const spec = { resourceName: "wrong", nodeSelector: {}, nicSelector: { vendor: "8086" }, numVfs: 0 };
    const options = { fieldManager: "somebody" };
    await cluster.client.create(
      SRIOV_NETWORK_NODE_POLICY,
      { metadata: { name: "stray-policy", namespace }, spec },
      options,
    );
    const network = await cluster.create("astray", namespace, {}, { [Annotation.policy]: "stray-policy" });
    await cluster.ready(network, "PolicyMissing");
  });

  it("is told why the API server refused it, holds up no other, and has it when that is over", async () => {
    const full = await cluster.namespace();
    const quota = { metadata: { name: "none", namespace: full }, spec: { hard: { [COUNT]: "0" } } };
    await cluster.client.create(RESOURCE_QUOTA, quota, { fieldManager: "somebody" });
    const quotas = new Informer(cluster.client, RESOURCE_QUOTA, { namespace: full }).start();
    const counted = (it: ResourceQuota) => it.status?.hard?.[COUNT] === "0";
    await until(quotas, () => quotas.get("none", full), counted, "quota");
    await quotas.stop();

    const refused = await cluster.create("over-quota", full, { resourceName: "fast" });
    const other = await cluster.create("within-quota", await cluster.namespace(), { resourceName: "fast" });
    await cluster.ready(other, "Attached");
    const told = await cluster.ready(refused, "Failed");
    expect(readyOf(told)?.message).to.include("exceeded quota: none").and.to.include("It is tried again");
    await cluster.remove(RESOURCE_QUOTA, quota.metadata);
    await cluster.ready(refused, "Attached");
  });
});

const COUNT = "count/network-attachment-definitions.k8s.cni.cncf.io";

interface ResourceQuota extends KubeObject {
  readonly spec?: unknown;
  readonly status?: { readonly hard?: Readonly<Record<string, string>> };
}

const RESOURCE_QUOTA: ResourceType<ResourceQuota> = {
  apiVersion: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  namespaced: true,
};
