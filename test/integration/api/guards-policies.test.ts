import { expect } from "chai";
import { Guard } from "../../../api/admission-policies.js";
import { Annotation } from "../../../api/names.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";
import { sharedLab } from "../../shared-lab.js";
import { makeDevice } from "./device.js";
import { refusedBy } from "./guarded.js";
import { letDisrupt, person } from "./people.js";
import { makePolicy } from "./policy.js";

const ALLOW = Annotation.allowDisruption;
const LIMIT = Annotation.maxUnavailable;

describe("the guard of policies", () => {
  let lab: Lab;
  let editor: KubeClient;
  let disruptor: KubeClient;
  const VERBS = ["get", "list", "create", "update", "patch", "delete"];
  const refused = (work: Promise<unknown>): Promise<string> => refusedBy(Guard.policies, work);

  before(async () => {
    lab = await sharedLab();
    editor = await person(lab, "policy-editor", VERBS);
    disruptor = await person(lab, "policy-disruptor", [...VERBS, "disrupt"]);
  });
  after(() => {
    editor.close();
    disruptor.close();
  });

  /** Both in one request; what is left out stays as it is. */
  function change(
    client: KubeClient,
    { metadata: { name, namespace = "" } }: SriovNetworkNodePolicy,
    spec: Readonly<Record<string, unknown>>,
    annotations: Readonly<Record<string, string | null>> = {},
  ): Promise<SriovNetworkNodePolicy> {
    const patch = { metadata: { annotations }, spec };
    return client.merge(SRIOV_NETWORK_NODE_POLICY, name, patch, { fieldManager: "somebody", namespace });
  }

  /** Lets VFs in use be destroyed to get 4 of them. */
  const permitted = (): Promise<SriovNetworkNodePolicy> => makePolicy(disruptor, { numVfs: 4 }, { [ALLOW]: "4" });

  describe("on the permission to destroy VFs in use", () => {
    it("lets a holder of the verb make a policy with it", async () => {
      expect((await permitted()).metadata.annotations).to.deep.equal({ [ALLOW]: "4" });
    });

    it("lets a holder of the verb give it together with the count", async () => {
      const { spec } = await change(disruptor, await makePolicy(editor), { numVfs: 6 }, { [ALLOW]: "6" });
      expect(spec.numVfs).to.equal(6);
    });

    it("lets a holder of the verb give it later", async () => {
      await change(disruptor, await makePolicy(editor), {}, { [ALLOW]: "4" });
    });

    it("refuses to make a policy with it to others, in words that name the verb", async () => {
      expect(await refused(makePolicy(editor, {}, { [ALLOW]: "4" }))).to.match(
        /^user "policy-editor" may not set the annotation \S+ of policy-\d+: that needs the verb disrupt on sriovnetworkdevices\.devices\.harvesterhci\.io$/,
      );
    });

    it("refuses to give it later to others", async () => {
      await refused(change(editor, await makePolicy(editor), {}, { [ALLOW]: "4" }));
    });

    it("refuses it to somebody who may disrupt one device only", async () => {
      const device = await makeDevice(lab.client);
      const client = await person(lab, "policy-of-one-device", VERBS);
      await letDisrupt(lab, "policy-of-one-device", client, device.metadata.name);
      const message = await refused(makePolicy(client, {}, { [ALLOW]: "4" }));
      client.close();
      expect(message).to.include("needs the verb disrupt");
    });

    for (const value of ["5", "04", "yes", "4 "]) {
      it(`refuses "${value}" for 4 VFs, in words that name the count`, async () => {
        expect(await refused(makePolicy(disruptor, { numVfs: 4 }, { [ALLOW]: value }))).to.include(
          `must be the count that spec.numVfs asks for, 4, not "${value}"`,
        );
      });
    }

    it("lets anybody who may write the policy take it away", async () => {
      const { metadata } = await change(editor, await permitted(), {}, { [ALLOW]: null });
      expect(metadata.annotations).to.equal(undefined);
    });

    it("lets anybody take it away together with a change", async () => {
      const { spec } = await change(editor, await permitted(), { numVfs: 6, mtu: 9_000 }, { [ALLOW]: null });
      expect([spec.numVfs, spec.mtu]).to.deep.equal([6, 9_000]);
    });

    it("lets whoever applies a policy leave it out of the next apply, though it was the only annotation", async () => {
      const { spec, metadata } = await makePolicy(lab.client);
      const { name, namespace = "" } = { ...metadata, name: `${metadata.name}-applied` };
      const apply = (annotations: Readonly<Record<string, string>>, numVfs: number): Promise<SriovNetworkNodePolicy> =>
        disruptor.apply(
          SRIOV_NETWORK_NODE_POLICY,
          { metadata: { name, namespace, annotations }, spec: { ...spec, numVfs } },
          { fieldManager: "applier" },
        );
      await apply({ [ALLOW]: "4" }, 4);
      expect((await apply({}, 2)).metadata.annotations ?? {}).to.deep.equal({});
    });

    it("lets all else of the policy be changed by anybody while it is not there", async () => {
      const nicSelector = { pfNames: ["ens1f0"] };
      expect((await change(editor, await makePolicy(editor), { nicSelector })).spec.nicSelector).to.deep.include(
        nicSelector,
      );
    });
  });

  describe("on a permission from before", () => {
    it("refuses to come back to its count by way of another, even to a holder of the verb", async () => {
      const policy = await permitted();
      await change(disruptor, policy, { numVfs: 6 });
      const message = await refused(change(disruptor, policy, { numVfs: 4 }));
      expect(message).to.include("says 4 from before, for another change. Remove it first.");
    });

    it("lets another count pass, for which it says nothing", async () => {
      expect((await change(editor, await permitted(), { numVfs: 6 })).spec.numVfs).to.equal(6);
    });

    for (const [what, spec] of [
      ["other NICs", { nicSelector: { vendor: "15b3" } }],
      ["other nodes", { nodeSelector: { "no-node": null } }],
      ["another driver", { deviceType: "vfio-pci" }],
      ["another rank", { priority: 1 }],
    ] as const) {
      it(`refuses to turn it to ${what} to somebody who does not hold the verb`, async () => {
        const message = await refused(change(editor, await permitted(), spec));
        expect(message).to.include('user "policy-editor" may not change, while its annotation');
      });
    }

    it("lets a holder of the verb turn it to other NICs", async () => {
      await change(disruptor, await permitted(), { nicSelector: { vendor: "15b3" } });
    });

    it("lets anybody write labels and other annotations", async () => {
      const { metadata } = await change(editor, await permitted(), {}, { "example.org/note": "x" });
      expect(metadata.annotations).to.deep.equal({ [ALLOW]: "4", "example.org/note": "x" });
    });

    it("lets anybody delete the policy", async () => {
      const { metadata } = await permitted();
      await editor.delete(SRIOV_NETWORK_NODE_POLICY, metadata.name, { namespace: metadata.namespace ?? "" });
    });
  });

  describe("on the limit of nodes that are changed at once", () => {
    for (const value of ["1", "2", "10", "999999999", "1%", "10%", "99%", "100%"]) {
      it(`lets "${value}" pass`, async () => {
        await makePolicy(editor, {}, { [LIMIT]: value });
      });
    }

    for (const value of [
      "",
      "0",
      "00",
      "01",
      "-1",
      "+1",
      "1.5",
      "1e3",
      "all",
      "0%",
      "101%",
      "01%",
      "1.5%",
      "%",
      "10 %",
      " 1",
    ]) {
      it(`refuses ${JSON.stringify(value)}`, async () => {
        expect(await refused(makePolicy(editor, {}, { [LIMIT]: value }))).to.match(
          /^policy-\d+: the annotation \S+ must be a number of nodes, at least 1, or a share of them from 1% to 100%, not "/,
        );
      });
    }

    it("refuses to change one into none", async () => {
      await refused(change(editor, await makePolicy(editor, {}, { [LIMIT]: "1" }), {}, { [LIMIT]: "none" }));
    });

    it("lets it be removed", async () => {
      await change(editor, await makePolicy(editor, {}, { [LIMIT]: "1" }), {}, { [LIMIT]: null });
    });
  });
});
