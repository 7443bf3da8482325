import { expect } from "chai";
import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import { MatchedDeviceState, SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import type { KubeClient } from "../../../kube/client.js";
import { ApiError } from "../../../kube/errors.js";
import { sharedLab } from "../../shared-lab.js";
import { ACCEPTED_POLICIES, EXAMPLE_POLICIES, REFUSED_POLICIES } from "../../specs/policies.js";
import { refusal } from "../refusal.js";
import { makePolicy } from "./policy.js";

/** Of the kind's own rules; what is refused names the field and says what is wrong with it. */
describe("an SriovNetworkNodePolicy at the API server", () => {
  let client: KubeClient;
  before(async () => {
    client = (await sharedLab()).client;
  });

  for (const [what, spec] of EXAMPLE_POLICIES) {
    it(`may be what the operator takes for ${what}`, async () => {
      expect((await makePolicy(client, spec)).spec).to.deep.equal(spec);
    });
  }

  for (const [what, fields] of ACCEPTED_POLICIES) {
    it(`may have ${what}, and keeps it as it is`, async () => {
      expect((await makePolicy(client, fields)).spec).to.deep.include(fields);
    });
  }

  for (const [what, fields, where, why] of REFUSED_POLICIES) {
    it(`is refused ${what}, in words that name the field`, async () => {
      const error = await refusal(makePolicy(client, fields), ApiError);
      expect(error.httpStatus).to.equal(422);
      expect(error.message).to.include(`${where}: `).and.to.include(why);
    });
  }

  it("is refused without a spec", async () => {
    const metadata = { name: "no-spec", namespace: RECONCILER_NAMESPACE };
    const work = client.apply(SRIOV_NETWORK_NODE_POLICY, { metadata }, { fieldManager: "somebody" });
    expect((await refusal(work, ApiError)).message).to.include("spec: Required value");
  });

  it("is for VFs of the node's own drivers where it does not say", async () => {
    expect((await makePolicy(client)).spec.deviceType).to.equal("netdevice");
  });

  it("loses a field that the kind does not have, as it does with the operator", async () => {
    const { spec } = await makePolicy(client, { nicSelector: { vendor: "8086", pfName: ["ens1f0"] } });
    expect(spec.nicSelector).to.deep.equal({ vendor: "8086" });
  });

  it("has no new generation by a status, which keeps all that the controller reports", async () => {
    const { metadata } = await makePolicy(client);
    const device = { name: "n-nic0", nodeName: "n", interfaceName: "nic0", address: "0000:01:00.0" };
    const matchedDevices = Object.values(MatchedDeviceState).map((state) => ({
      ...device,
      numVfs: 4,
      vfRange: "0-3",
      state,
      message: "m",
    }));
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const conditions = [{ type: "Ready", status: "True", reason: "Configured", message: "m", lastTransitionTime }];
    const status = { observedGeneration: 1, conditions, matched: 7, ready: 1, matchedDevices };
    const options = { fieldManager: "controller", subresource: "status", namespace: metadata.namespace ?? "" } as const;
    const written = await client.merge(SRIOV_NETWORK_NODE_POLICY, metadata.name, { status }, options);
    expect([written.metadata.generation, written.status]).to.deep.equal([1, status]);
  });
});
