import { expect } from "chai";
import { Guard } from "../../../api/admission-policies.js";
import { Annotation } from "../../../api/names.js";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../api/sriov-network.js";
import type { KubeClient } from "../../../kube/client.js";
import { sharedLab } from "../../shared-lab.js";
import { refusedBy } from "./guarded.js";
import { makeNetwork } from "./policy.js";

const POLICY = Annotation.policy;

describe("the guard of networks", () => {
  let client: KubeClient;
  const refused = (work: Promise<unknown>): Promise<string> => refusedBy(Guard.networks, work);
  before(async () => {
    client = (await sharedLab()).client;
  });

  function change(
    { metadata: { name, namespace = "" } }: SriovNetwork,
    patch: Readonly<Record<string, unknown>>,
  ): Promise<SriovNetwork> {
    return client.merge(SRIOV_NETWORK, name, patch, { fieldManager: "somebody", namespace });
  }

  it("lets one with a resource name pass", async () => {
    await makeNetwork(client, { resourceName: "storage" });
  });

  it("lets one pass whose policy is named in the annotation", async () => {
    await makeNetwork(client, {}, { [POLICY]: "storage" });
  });

  it("lets one with both pass", async () => {
    await makeNetwork(client, { resourceName: "storage" }, { [POLICY]: "storage" });
  });

  for (const [what, spec] of [
    ["no spec", undefined],
    ["neither", { vlan: 100 }],
    ["an empty resource name", { resourceName: "" }],
  ] as const) {
    it(`refuses one with ${what}, in words that name both ways`, async () => {
      expect(await refused(makeNetwork(client, spec))).to.match(
        /^network-\d+: spec.resourceName must be given, or the annotation devices\.harvesterhci\.io\/policy, which names a policy/,
      );
    });
  }

  it("refuses an empty annotation, though there is a resource name", async () => {
    expect(await refused(makeNetwork(client, { resourceName: "storage" }, { [POLICY]: "" }))).to.match(
      /^network-\d+: the annotation devices\.harvesterhci\.io\/policy must be the name of a SriovNetworkNodePolicy; it is empty$/,
    );
  });

  it("refuses to take the resource name away where no policy is named", async () => {
    await refused(change(await makeNetwork(client, { resourceName: "storage" }), { spec: { resourceName: null } }));
  });

  it("refuses to take the annotation away where there is no resource name", async () => {
    const network = await makeNetwork(client, {}, { [POLICY]: "storage" });
    await refused(change(network, { metadata: { annotations: { [POLICY]: null } } }));
  });

  it("lets the annotation be taken away where there is a resource name", async () => {
    const network = await makeNetwork(client, { resourceName: "storage" }, { [POLICY]: "storage" });
    const { metadata } = await change(network, { metadata: { annotations: { [POLICY]: null } } });
    expect(metadata.annotations).to.equal(undefined);
  });
});
