import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError } from "../../../kube/errors.js";
import { sharedLab } from "../../shared-lab.js";
import { ACCEPTED_NETWORKS, NETWORK_SPEC, REFUSED_NETWORKS } from "../../specs/networks.js";
import { refusal } from "../refusal.js";
import { makeNetwork } from "./policy.js";

describe("an SriovNetwork at the API server", () => {
  let client: KubeClient;
  before(async () => {
    client = (await sharedLab()).client;
  });

  for (const [what, fields] of ACCEPTED_NETWORKS) {
    it(`may have ${what}, and keeps it as it is`, async () => {
      expect((await makeNetwork(client, { ...NETWORK_SPEC, ...fields })).spec).to.deep.include(fields);
    });
  }

  for (const [what, fields, where, why] of REFUSED_NETWORKS) {
    it(`is refused ${what}, in words that name the field`, async () => {
      const error = await refusal(makeNetwork(client, { ...NETWORK_SPEC, ...fields }), ApiError);
      expect(error.httpStatus).to.equal(422);
      expect(error.message).to.include(`${where}: `).and.to.include(why);
    });
  }

  it("has the log level info where it does not say", async () => {
    expect((await makeNetwork(client, { resourceName: "storage" })).spec.logLevel).to.equal("info");
  });

  it("needs no spec where an annotation names its policy, and gets one", async () => {
    const annotations = { [Annotation.policy]: "storage" };
    expect((await makeNetwork(client, undefined, annotations)).spec).to.deep.equal({ logLevel: "info" });
  });

  it("has no new generation by a status, which keeps all that the controller reports", async () => {
    const { metadata } = await makeNetwork(client, { resourceName: "storage" });
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const conditions = [{ type: "Ready", status: "True", reason: "Attached", message: "m", lastTransitionTime }];
    const names = { networkAttachmentDefinition: "web/storage", resourceName: "openshift.io/storage" };
    const status = { observedGeneration: 1, conditions, ...names };
    const options = { fieldManager: "controller", subresource: "status", namespace: metadata.namespace ?? "" } as const;
    const written = await client.merge(SRIOV_NETWORK, metadata.name, { status }, options);
    expect([written.metadata.generation, written.status]).to.deep.equal([1, status]);
  });
});
