import { expect } from "chai";
import { NAMESPACE } from "../../../api/core.js";
import { Annotation, RECONCILER_NAMESPACE } from "../../../api/names.js";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../api/sriov-network.js";
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { installGuards, installKinds } from "../../../lab/install-contract.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { makeNetwork, makePolicy } from "./policy.js";

/** A cluster of its own, which has objects before it has guards. */
describe("what was there before the guards, and would be refused by them", () => {
  let run: LabRun;
  let lab: Lab;
  let policy: SriovNetworkNodePolicy;
  let nameless: SriovNetwork;
  let empty: SriovNetwork;
  const options = { fieldManager: "somebody", namespace: RECONCILER_NAMESPACE };

  before(async () => {
    run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run, { contract: false });
    await lab.client.create(NAMESPACE, { metadata: { name: RECONCILER_NAMESPACE } }, options);
    await installKinds(lab.client);
    policy = await makePolicy(lab.client, {}, { [Annotation.maxUnavailable]: "none" });
    nameless = await makeNetwork(lab.client, { vlan: 100 });
    empty = await makeNetwork(lab.client, { resourceName: "storage" }, { [Annotation.policy]: "" });
    await installGuards(lab.client);
  });
  after(async () => {
    lab.client.close();
    await run.stop();
  });

  it("keeps nobody from changing the rest of a policy", async () => {
    const { name } = policy.metadata;
    const changed = await lab.client.merge(SRIOV_NETWORK_NODE_POLICY, name, { spec: { numVfs: 2 } }, options);
    expect(changed.spec.numVfs).to.equal(2);
  });

  for (const [what, network] of [
    ["that says no pool", () => nameless],
    ["whose annotation is empty", () => empty],
  ] as const) {
    it(`keeps nobody from changing the rest of a network ${what}`, async () => {
      const { name } = network().metadata;
      const changed = await lab.client.merge(SRIOV_NETWORK, name, { spec: { vlan: 200 } }, options);
      expect(changed.spec.vlan).to.equal(200);
    });
  }
});
