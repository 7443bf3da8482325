import { expect } from "chai";
import { Guard } from "../../../api/admission-policies.js";
import { NODE } from "../../../api/core.js";
import { Annotation, Label } from "../../../api/names.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError, policyRefusal } from "../../../kube/errors.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { applyCount, makeDevice, writeStatus } from "./device.js";
import { change, deviceWithVfs, refusedBy } from "./guarded.js";
import { person } from "./people.js";

const WEBHOOKS = ["Validating", "Mutating"].map((kind): ResourceType<KubeObject> => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: `${kind}WebhookConfiguration`,
  plural: `${kind.toLowerCase()}webhookconfigurations`,
  namespaced: false,
}));

describe("the guard of VFs in use", () => {
  let lab: Lab;
  let editor: KubeClient;
  let disruptor: KubeClient;
  const EVERYTHING = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
  const refused = (work: Promise<unknown>): Promise<string> => refusedBy(Guard.vfsInUse, work);
  const used = (): Promise<SriovNetworkDevice> => deviceWithVfs(lab, [undefined, "pod web/router-0", undefined]);
  const free = (): Promise<SriovNetworkDevice> => deviceWithVfs(lab, [undefined, undefined, undefined]);
  const remove = (client: KubeClient, device: SriovNetworkDevice): Promise<void> =>
    client.delete(SRIOV_NETWORK_DEVICE, device.metadata.name);
  const allowed = ({ metadata }: SriovNetworkDevice): string | undefined =>
    metadata.annotations?.[Annotation.allowDisruption];

  before(async () => {
    lab = await sharedLab();
    editor = await person(lab, "editor", EVERYTHING);
    disruptor = await person(lab, "disruptor", [...EVERYTHING, "disrupt"]);
  });
  after(() => {
    editor.close();
    disruptor.close();
  });

  describe("on a change of the count", () => {
    it("lets it pass while no VF is in use", async () => {
      expect((await change(editor, await free(), { count: 5 })).spec.numVFS).to.equal(5);
    });

    it("lets the first count pass", async () => {
      expect((await change(editor, await makeDevice(lab.client), { count: 5 })).spec.numVFS).to.equal(5);
    });

    it("refuses it while one is", async () => {
      const device = await used();
      await refused(change(editor, device, { count: 5 }));
      await refused(change(editor, device, { count: 0 }));
    });

    it("refuses it where no agent runs, nor a webhook that could be away: the API server does by itself", async () => {
      const device = await deviceWithVfs(lab, ["pod web/router-0"], "n-without-agent");
      // Which an agent sets as soon as it works.
      const { metadata } = await lab.client.get(NODE, device.spec.nodeName);
      expect(metadata.labels ?? {}).not.to.have.property(Label.capable);
      for (const type of WEBHOOKS) expect((await lab.client.list(type)).items, type.plural).to.deep.equal([]);
      const done = await change(editor, device, { count: 5 }).then(
        ({ spec }) => `changed to ${spec.numVFS ?? 0}, and the VF of pod web/router-0 goes`,
        (error: unknown) => (error instanceof ApiError ? policyRefusal(error)?.policy : String(error)),
      );
      expect(done).to.equal(Guard.vfsInUse);
    });

    it("refuses it to somebody who may disrupt as well, who has not said so", async () => {
      await refused(change(disruptor, await used(), { count: 5 }));
    });

    it("refuses it by server-side apply, and by letting go of the count", async () => {
      const device = await used();
      await refused(applyCount(editor, device, 5, { as: "another", force: true }));
      await refused(applyCount(editor, device, undefined, { as: "owner" }));
    });

    it("names the VFs, who uses them, and the ways out", async () => {
      const device = await deviceWithVfs(lab, [
        "claim a of alice",
        undefined,
        "pod web/router-0, interface eth3 in br0",
      ]);
      expect(await refused(change(editor, device, { count: 5 }))).to.equal(
        `${device.metadata.name}: VFs in use, 2 of 3: 0000:04:10.0 (claim a of alice), ` +
          `0000:04:10.2 (pod web/router-0, interface eth3 in br0). A change of the count destroys all of them. ` +
          `Release them; or set the annotation devices.harvesterhci.io/allow-disruption to the new count in the same ` +
          `request, which needs the verb disrupt on sriovnetworkdevices.devices.harvesterhci.io.`,
      );
    });

    it("cuts the names where all 256 VFs of a NIC are in use, and keeps the ways out", async () => {
      const users = Array.from({ length: 256 }, (_, index) => `virtual machine a-namespace/a-machine-${index}`);
      const device = await deviceWithVfs(lab, users.slice(0, 63));
      await writeStatus(lab, device, {
        virtualFunctions: users.map((usedBy, index) => ({ index, address: `0000:04:10.${index}`, usedBy })),
      });
      const message = await refused(change(editor, device, { count: 5 }));
      expect(message).to.include("VFs in use, 256 of 256: 0000:04:10.0 (virtual machine a-namespace/a-machine-0)");
      expect(message).to.match(/ …\. A change of the count .* needs the verb disrupt/);
    });

    it("lets the number of VFs that there are pass, which destroys none", async () => {
      const device = await used();
      await change(disruptor, device, { count: 6, allow: "6" });
      expect((await change(editor, device, { count: 3 })).spec.numVFS).to.equal(3);
    });

    it("lets everything else of the object be changed", async () => {
      const device = await used();
      const patch = { metadata: { labels: { team: "network" } } };
      const { metadata } = await editor.merge(SRIOV_NETWORK_DEVICE, device.metadata.name, patch, { fieldManager: "x" });
      expect(metadata.labels).to.include({ team: "network" });
    });
  });

  describe("on the annotation that allows it", () => {
    it("lets a holder of the verb change the count with it", async () => {
      const device = await change(disruptor, await used(), { count: 5, allow: "5" });
      expect([device.spec.numVFS, allowed(device)]).to.deep.equal([5, "5"]);
    });

    it("lets a holder of the verb remove all VFs with it", async () => {
      expect((await change(disruptor, await used(), { count: 0, allow: "0" })).spec.numVFS).to.equal(0);
    });

    it("refuses it to others, in words that name the verb", async () => {
      const device = await used();
      expect(await refused(change(editor, device, { count: 5, allow: "5" }))).to.equal(
        `user "editor" may not set the annotation devices.harvesterhci.io/allow-disruption of ${device.metadata.name}: ` +
          `that needs the verb disrupt on sriovnetworkdevices.devices.harvesterhci.io`,
      );
    });

    it("refuses it to others while no VF is in use, too", async () => {
      await refused(change(editor, await free(), { count: 5, allow: "5" }));
      await refused(change(editor, await free(), { allow: "3" }));
    });

    it("refuses it to others in a new object, too", async () => {
      const annotations = { [Annotation.allowDisruption]: "0" };
      const spec = { address: "0000:04:00.0", nodeName: "by-hand", numVFS: 0 };
      const object = { metadata: { name: "made-with-annotation", annotations }, spec };
      await refused(editor.create(SRIOV_NETWORK_DEVICE, object, { fieldManager: "x" }));
    });

    it("refuses another count than the one that is asked for", async () => {
      const device = await used();
      const message = await refused(change(disruptor, device, { count: 5, allow: "4" }));
      expect(message).to.include('must be the count that spec.numVFS asks for, 5, not "4"');
      await refused(change(disruptor, device, { allow: "5" }));
      await refused(change(disruptor, device, { allow: "yes" }));
    });

    it("lets a holder of the verb set it later, for the count that is asked for by then", async () => {
      const waiting = await deviceWithVfs(lab, [undefined, undefined]);
      await change(editor, waiting, { count: 5 });
      const virtualFunctions = [{ index: 0, address: "0000:04:10.0", usedBy: "pod web/router-0" }];
      await writeStatus(lab, waiting, { virtualFunctions });
      expect(allowed(await change(disruptor, waiting, { allow: "5" }))).to.equal("5");
    });

    it("does not count what was set for an earlier change", async () => {
      const device = await used();
      await change(disruptor, device, { count: 5, allow: "5" });
      await change(disruptor, device, { count: 3 });
      const message = await refused(change(disruptor, device, { count: 5 }));
      expect(message).to.include("says 5 from before, for another change. Remove it first.");
    });

    it("lets the count that there is be set though it says another", async () => {
      const device = await used();
      await change(disruptor, device, { count: 5, allow: "5" });
      expect((await change(editor, device, { count: 3 })).spec.numVFS).to.equal(3);
    });

    it("lets anybody who may write the object take it away", async () => {
      const device = await used();
      await change(disruptor, device, { count: 5, allow: "5" });
      expect(allowed(await change(editor, device, { allow: null }))).to.equal(undefined);
    });

    it("lets the agent of the node take it away", async () => {
      const device = await used();
      await change(disruptor, device, { count: 5, allow: "5" });
      const agent = await lab.clientOfNode(device.spec.nodeName);
      expect(allowed(await change(agent, device, { allow: null }))).to.equal(undefined);
    });
  });

  describe("on a delete", () => {
    it("lets it pass while no VF is in use", async () => {
      await remove(editor, await free());
    });

    it("refuses it while one is, with the ways out", async () => {
      const message = await refused(remove(editor, await used()));
      expect(message).to.include("VFs in use, 1 of 3: 0000:04:10.1 (pod web/router-0). Release them; or set");
    });

    it("refuses it to somebody who may disrupt as well, who has not said so", async () => {
      await refused(remove(disruptor, await used()));
    });

    it("refuses to delete it among all of a kind", async () => {
      const { metadata } = await used();
      const labels = { "delete-all": "this" };
      await editor.merge(SRIOV_NETWORK_DEVICE, metadata.name, { metadata: { labels } }, { fieldManager: "x" });
      const path = "/apis/devices.harvesterhci.io/v1beta1/sriovnetworkdevices?labelSelector=delete-all%3Dthis";
      await refused(editor.raw({ method: "DELETE", path }));
    });

    it("lets a holder of the verb delete it once the annotation carries its count", async () => {
      const device = await used();
      await change(disruptor, device, { allow: "3" });
      await remove(disruptor, device);
    });

    it("refuses that to others, in words that name the verb", async () => {
      const device = await used();
      await change(disruptor, device, { allow: "3" });
      const message = await refused(remove(editor, device));
      expect(message).to.include(`user "editor" may not delete, while its VFs are in use, ${device.metadata.name}`);
    });
  });
});
