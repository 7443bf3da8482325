import { expect } from "chai";
import {
  Annotation,
  CONTROLLER_FIELD_MANAGER,
  isProviderFieldManager,
  RECONCILER_NAMESPACE,
} from "../../../../api/names.js";
import { NetworkReason, SRIOV_NETWORK, type SriovNetwork } from "../../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../../api/sriov-network-node-policy.js";
import type { LabController } from "../../../../lab/controller.js";
import type { PolicyReference } from "../../../../provider/core/network/network-inputs.js";
import { ObjectConflict, specOwners } from "../../../../provider/core/owned-object.js";
import { type Created, type NetworkInputs, type NetworkOutputs, PartialFailure } from "../../../../provider/index.js";
import { sharedLab } from "../../../shared-lab.js";
import { Cluster as People, configOf, foreignAttachment, readyOf } from "../../controller/networks/cluster.js";
import { refusal } from "../../refusal.js";
import { NetworkDriver, placeIn } from "./driver.js";
import { MORE_TIME } from "../operations.js";

describe("a SriovNetwork resource", () => {
  let people: People;
  let controller: LabController;
  let driver: NetworkDriver;

  before(async () => {
    const lab = await sharedLab();
    people = await People.watch(lab.client);
    controller = await lab.startController();
    driver = NetworkDriver.open(lab.controlPlane.kubeconfig);
  });
  after(async () => {
    await driver.close();
    await people.stop();
    await controller.stop();
  });

  const live = ({ outputs }: Created<NetworkOutputs>): Promise<SriovNetwork> =>
    people.client.get(SRIOV_NETWORK, outputs.networkName, { namespace: outputs.namespace });

  describe("that is created", () => {
    it("returns once its attachment is there, with the resource name", async () => {
      const { id, outputs } = await driver.create(driver.inputs("Main net", { resourceName: "fast", vlan: 100 }));
      expect(outputs.networkName).to.match(/^main-net-[0-9a-f]{7}$/);
      expect(id).to.equal(`${RECONCILER_NAMESPACE}/${outputs.networkName}`);
      expect(outputs).to.include({ resourceName: "fast", status: "Attached", networkAttachmentDefinition: id });
      const attachment = await people.attachmentNow(...placeIn(outputs));
      expect(attachment?.metadata.annotations?.[Annotation.resourceName]).to.equal("openshift.io/fast");
    });

    it("owns what it has set under a field manager of its own, and nothing else", async () => {
      const created = await driver.create(driver.inputs("owned", { resourceName: "fast", trust: true }));
      const network = await live(created);
      expect(specOwners(network)).to.deep.equal([created.outputs.fieldManager]);
      const [entry] = (network.metadata.managedFields ?? []).filter(({ manager = "" }) =>
        isProviderFieldManager(manager),
      );
      expect(entry?.fieldsV1).to.deep.equal({ "f:spec": { "f:resourceName": {}, "f:trust": {} } });
    });

    it("gives the attachment what JSON was given as objects", async () => {
      const ipam = { type: "host-local", ranges: [[{ subnet: "10.1.0.0/24" }]] };
      const metaPlugins = [{ type: "tuning" }, { type: "vrf", vrfname: "blue" }];
      const { outputs } = await driver.create(driver.inputs("json", { resourceName: "fast", ipam, metaPlugins }));
      const attachment = (await people.attachmentNow(...placeIn(outputs))) ?? expect.fail();
      const { plugins } = configOf(attachment) as { readonly plugins: readonly Readonly<Record<string, unknown>>[] };
      expect(plugins[0]?.["ipam"]).to.deep.equal(ipam);
      expect(plugins.slice(1)).to.deep.equal(metaPlugins);
    });

    it("waits for the namespace that its attachment belongs in", async () => {
      const inputs = await driver.checked(
        driver.inputs("early", { resourceName: "fast", networkNamespace: "early-web" }),
      );
      const creating = driver.createChecked(inputs);
      await people.network(placeOf(inputs), (network) => readyOf(network)?.reason === NetworkReason.NamespaceMissing);
      await people.namespace("early-web");
      const { outputs } = await creating;
      expect(outputs.networkAttachmentDefinition).to.equal(`early-web/${inputs.networkName}`);
    });

    it("ends with what was still missing when time ran out, and is gone on with by the next up", async () => {
      const news = { resourceName: "fast", networkNamespace: "late-web" };
      const inputs = driver.inputs("late", news);
      const error = await refusal(driver.create(inputs, 1_500), PartialFailure<NetworkOutputs>);
      expect(error.message).to.match(/no attachment in time: NamespaceMissing: .*late-web/);
      expect(error.message).to.contain(`The change stands; the next up goes on from here. ${MORE_TIME}`);
      expect(error.outputs.status).to.equal(NetworkReason.NamespaceMissing);
      await people.namespace("late-web");
      const { outputs } = await driver.update({ id: error.id, outputs: error.outputs }, news);
      expect(outputs).to.include({
        status: "Attached",
        networkAttachmentDefinition: `late-web/${outputs.networkName}`,
      });
    });

    it("fails at once where the controller refuses, with its words, and leaves a state", async () => {
      const [namespace, other] = [await people.namespace(), await people.namespace()];
      const inputs = driver.inputs("refused", { resourceName: "fast", namespace, networkNamespace: other });
      const error = await refusal(driver.create(inputs), PartialFailure<NetworkOutputs>);
      expect(error.message).to.contain(`networkNamespace is ${other}, but only networks in ${RECONCILER_NAMESPACE}`);
      expect(error.outputs).to.include({ status: NetworkReason.NamespaceRefused, namespace });
      expect(driver.warnings.join()).to.contain("networkNamespace is only for networks in pulumi-sriov");
      await driver.delete({ id: error.id, outputs: error.outputs });
    });

    it("fails where somebody else's attachment has its name meanwhile, and says whose", async () => {
      const namespace = await people.namespace();
      const inputs = await driver.checked(driver.inputs("taken", { resourceName: "fast", namespace }));
      await foreignAttachment(people, namespace, inputs.networkName);
      const error = await refusal(driver.createChecked(inputs), PartialFailure<NetworkOutputs>);
      expect(error.message).to.contain(
        `there is a NetworkAttachmentDefinition ${namespace}/${inputs.networkName} already`,
      );
      expect(error.outputs.status).to.equal(NetworkReason.ForeignOwner);
    });

    it("is not created over a network of somebody else", async () => {
      const network = await people.createCentral("somebodys", { resourceName: "slow" });
      const inputs = driver.inputs("over", { resourceName: "fast", networkName: "somebodys" });
      const error = await refusal(driver.create(inputs), ObjectConflict);
      expect(error.message)
        .to.contain("SriovNetwork pulumi-sriov/somebodys is there already")
        .and.to.contain("kubectl-edit");
      expect((await people.client.get(SRIOV_NETWORK, "somebodys", network.metadata)).spec.resourceName).to.equal(
        "slow",
      );
    });

    it("fails where it is deleted meanwhile, and the next up makes it anew", async () => {
      const news = { resourceName: "fast", networkNamespace: "never-web" };
      const inputs = await driver.checked(driver.inputs("vanishing", news));
      const creating = refusal(driver.createChecked(inputs), PartialFailure<NetworkOutputs>);
      const seen = await people.network(placeOf(inputs), (network) => readyOf(network) !== undefined);
      await people.remove(SRIOV_NETWORK, seen.metadata);
      const error = await creating;
      expect(error.message).to.contain("was deleted while it was waited for. Run up again.");
      await people.namespace("never-web");
      const again = await driver.update({ id: error.id, outputs: error.outputs }, news);
      expect((await live(again)).metadata.uid).not.to.equal(seen.metadata.uid);
    });
  });

  describe("that follows a policy", () => {
    const policyOf = (policyName: string, resourceName: string): PolicyReference => {
      return { policyName, namespace: RECONCILER_NAMESPACE, resourceName };
    };

    it("has the policy's resource name, and is told of it by annotation", async () => {
      await people.policy("followed", "storage");
      const created = await driver.create(driver.inputs("follower", { policy: policyOf("followed", "storage") }));
      expect(created.outputs.resourceName).to.equal("storage");
      expect((await live(created)).metadata.annotations?.[Annotation.policy]).to.equal("followed");
    });

    it("gets the policy's new name though the controller was first to set it, and its attachment too", async () => {
      const { metadata } = await people.policy("renamed", "before");
      const created = await driver.create(driver.inputs("renaming", { policy: policyOf("renamed", "before") }));
      await people.edit(SRIOV_NETWORK_NODE_POLICY, metadata, { spec: { resourceName: "after" } });
      await people.network((await live(created)).metadata, ({ spec }) => spec.resourceName === "after");
      const { outputs } = await driver.update(created, { policy: policyOf("renamed", "after") });
      expect(outputs.resourceName).to.equal("after");
      const attachment = await people.attachmentNow(...placeIn(outputs));
      expect(attachment?.metadata.annotations?.[Annotation.resourceName]).to.equal("openshift.io/after");
    });

    it("overrules the controller, and nobody else, where both have set the resource name", async () => {
      const { metadata } = await people.policy("overruling", "before");
      const created = await driver.create(driver.inputs("overruled", { policy: policyOf("overruling", "before") }));
      await people.edit(SRIOV_NETWORK_NODE_POLICY, metadata, { spec: { resourceName: "between" } });
      await people.network((await live(created)).metadata, ({ spec }) => spec.resourceName === "between");
      await people.remove(SRIOV_NETWORK_NODE_POLICY, metadata);
      const { outputs } = await driver.update(created, { resourceName: "own" });
      expect(outputs.resourceName).to.equal("own");
      expect((await live(created)).metadata.annotations).to.equal(undefined);
    });

    it("is deleted though the controller has taken all of its spec", async () => {
      const { metadata } = await people.policy("outside", "before");
      const created = await driver.create(driver.inputs("taken-over", { policy: policyOf("outside", "before") }));
      await people.edit(SRIOV_NETWORK_NODE_POLICY, metadata, { spec: { resourceName: "after" } });
      const network = await live(created);
      await people.network(network.metadata, (now) => specOwners(now).join() === CONTROLLER_FIELD_MANAGER);
      await driver.delete(created);
      expect(await people.attachmentNow(...placeIn(created.outputs))).to.equal(undefined);
    });

    it("has no annotation where the policy is not in the reconciler's namespace", async () => {
      const policy = { ...policyOf("elsewhere", "storage"), namespace: "elsewhere" };
      const created = await driver.create(driver.inputs("apart", { policy }));
      expect((await live(created)).metadata.annotations).to.equal(undefined);
    });
  });

  describe("that is updated", () => {
    it("returns once the attachment says so too", async () => {
      const created = await driver.create(driver.inputs("changed", { resourceName: "fast", vlan: 100 }));
      const { outputs } = await driver.update(created, { resourceName: "fast", vlan: 200 });
      const attachment = (await people.attachmentNow(...placeIn(outputs))) ?? expect.fail();
      expect(configOf(attachment)).to.include({ vlan: 200 });
    });

    it("loses what the program leaves out", async () => {
      const created = await driver.create(driver.inputs("shortened", { resourceName: "fast", vlan: 100, trust: "on" }));
      await driver.update(created, { resourceName: "fast", trust: "on" });
      expect((await live(created)).spec).to.not.have.property("vlan");
    });

    it("keeps the name that was chosen for it though the resource is called otherwise", async () => {
      const created = await driver.create(driver.inputs("first", { resourceName: "fast" }));
      const { resourceUrn } = driver.inputs("second");
      const inputs = await driver.checked({ resourceUrn: resourceUrn ?? "", resourceName: "fast" }, created.outputs);
      expect(inputs.networkName).to.equal(created.outputs.networkName);
    });

    it("is refused over somebody's edit of the same field, and takes it with forceConflicts", async () => {
      const created = await driver.create(driver.inputs("edited", { resourceName: "fast", vlan: 100 }));
      await people.edit(SRIOV_NETWORK, (await live(created)).metadata, { spec: { vlan: 300 } });
      const error = await refusal(driver.update(created, { resourceName: "fast", vlan: 200 }), ObjectConflict);
      expect(error.message).to.contain('spec.vlan is owned by field manager "kubectl-edit"');
      await driver.update(created, { resourceName: "fast", vlan: 200, forceConflicts: true });
      expect((await live(created)).spec.vlan).to.equal(200);
    });

    it("moves its attachment with networkNamespace", async () => {
      const [from, to] = [await people.namespace(), await people.namespace()];
      const created = await driver.create(driver.inputs("moving", { resourceName: "fast", networkNamespace: from }));
      const { outputs } = await driver.update(created, { resourceName: "fast", networkNamespace: to });
      expect(outputs).to.include({ attachmentNamespace: to });
      await people.noAttachment(from, outputs.networkName);
    });
  });

  describe("that is read", () => {
    it("shows what somebody has edited, and nothing that is others' to set", async () => {
      const created = await driver.create(driver.inputs("drifting", { resourceName: "fast", vlan: 100 }));
      await people.edit(SRIOV_NETWORK, (await live(created)).metadata, { spec: { vlan: 300, trust: "on" } });
      const outputs = (await driver.read(created)) ?? expect.fail();
      expect(outputs.vlan).to.equal(300);
      expect(outputs).not.to.have.property("trust");
    });

    it("is as it was left where nobody has touched it", async () => {
      const ipam = { type: "dhcp" };
      const created = await driver.create(driver.inputs("quiet", { resourceName: "fast", ipam, spoofChk: false }));
      expect(await driver.read(created)).to.deep.equal(created.outputs);
    });

    it("is nothing where it is gone", async () => {
      const created = await driver.create(driver.inputs("gone", { resourceName: "fast" }));
      await people.remove(SRIOV_NETWORK, (await live(created)).metadata);
      expect(await driver.read(created)).to.equal(undefined);
    });

    it("is all of a network that was looked up by its id", async () => {
      await people.createCentral("looked-up", { resourceName: "fast", vlan: 5, ipam: "{}" });
      const outputs = await driver.read({ id: "pulumi-sriov/looked-up", outputs: {} });
      expect(outputs).to.include({ networkName: "looked-up", resourceName: "fast", vlan: 5, ipam: "{}" });
    });

    it("fails for a lookup of one that is not there, and says which there are", async () => {
      await people.createCentral("known", { resourceName: "fast" });
      const error = await refusal(driver.read({ id: "pulumi-sriov/unknown", outputs: {} }), Error);
      expect(error.message).to.match(/^there is no SriovNetwork "pulumi-sriov\/unknown"; .*pulumi-sriov\/known/);
    });

    it("is refused in another cluster than its own", async () => {
      const created = await driver.create(driver.inputs("strange", { resourceName: "fast" }));
      const outputs = { ...created.outputs, clusterUid: "another" };
      const error = await refusal(driver.read({ ...created, outputs }), Error);
      expect(error.message).to.contain("this resource belongs to another cluster");
    });
  });

  describe("that is deleted", () => {
    it("returns once its attachment is gone from another namespace", async () => {
      const networkNamespace = await people.namespace();
      const created = await driver.create(driver.inputs("far", { resourceName: "fast", networkNamespace }));
      await driver.delete(created);
      expect(await people.attachmentNow(...placeIn(created.outputs))).to.equal(undefined);
    });

    it("returns once its attachment is gone from its own namespace", async () => {
      const created = await driver.create(driver.inputs("near", { resourceName: "fast" }));
      await driver.delete(created);
      expect(await people.attachmentNow(...placeIn(created.outputs))).to.equal(undefined);
    });

    it("is no matter where it is gone already", async () => {
      const created = await driver.create(driver.inputs("away", { resourceName: "fast" }));
      await people.remove(SRIOV_NETWORK, (await live(created)).metadata);
      await driver.delete(created);
      expect(driver.warnings).to.deep.equal([]);
    });

    it("stays with another resource that wants the very same, as after a rename without alias", async () => {
      const news = { resourceName: "fast", networkName: "shared", vlan: 5 };
      const before = await driver.create(driver.inputs("one", news));
      const after = await driver.create(driver.inputs("other", news));
      await driver.delete(before);
      expect(specOwners(await live(after))).to.deep.equal([after.outputs.fieldManager]);
      expect(await people.attachmentNow(...placeIn(after.outputs))).not.to.equal(undefined);
    });

    it("stays where somebody has made it anew, with a warning that names who", async () => {
      const created = await driver.create(driver.inputs("anew", { resourceName: "fast" }));
      const { metadata } = await live(created);
      await people.remove(SRIOV_NETWORK, metadata);
      await people.createCentral(metadata.name, { resourceName: "fast" });
      await driver.delete(created);
      expect(driver.warnings.join()).to.contain('owned by field manager "kubectl-edit"');
      expect((await live(created)).metadata.name).to.equal(metadata.name);
    });
  });
});

function placeOf({ networkName: name, namespace }: NetworkInputs): {
  readonly name: string;
  readonly namespace: string;
} {
  return { name, namespace };
}
