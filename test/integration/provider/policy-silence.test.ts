import { expect } from "chai";
import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import type { PolicyInputs } from "../../../provider/core/policy/policy-inputs.js";
import { sriovNetworkNodePolicy as resource } from "../../../provider/core/policy/sriov-network-node-policy.js";
import { Cluster, PartialFailure } from "../../../provider/index.js";
import { sharedLab } from "../../shared-lab.js";
import { refusal } from "../refusal.js";
import { MORE_TIME, Told } from "./operations.js";

describe("a policy of a program, where no controller runs", () => {
  let cluster: Cluster;
  before(async () => {
    cluster = Cluster.open({ kubeconfig: (await sharedLab()).controlPlane.kubeconfig });
  });
  after(() => cluster.close());

  it("is made, and fails with who does not answer, what to check, and what gives more time", async () => {
    const told = new Told(cluster);
    const given: PolicyInputs = {
      policyName: "prov-silent",
      namespace: RECONCILER_NAMESPACE,
      resourceName: "silent",
      nodeSelector: { no: "such" },
      nicSelector: { pfNames: ["none"] },
      numVfs: 1,
      resourceUrn: "urn:pulumi:t::t::policy::silent",
    };
    const error = await refusal(resource.create(told.operation(8_000), given), PartialFailure);
    expect(error.message).to.contain(
      "policy prov-silent is there, but nobody carries it out: the controller does not answer",
    );
    expect(error.message).to.contain(`the next up goes on from here. ${MORE_TIME}`);
    expect(told.warned[0]).to.contain("the controller does not answer");
    await resource.delete(told.operation(), error.id, error.outputs);
  });
});
