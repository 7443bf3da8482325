import { expect } from "chai";
import { diffNetwork } from "../../../../provider/core/network/network-diff.js";
import type { PartialNetworkInputs } from "../../../../provider/core/network/network-inputs.js";
import type { NetworkOutputs } from "../../../../provider/core/network/network-outputs.js";

const none: ReadonlySet<string> = new Set<string>();
const policy = { policyName: "fast", namespace: "pulumi-sriov", resourceName: "storage" };
const news: PartialNetworkInputs = {
  networkName: "storage",
  namespace: "pulumi-sriov",
  resourceName: "storage",
  vlan: 100,
  ipam: { type: "dhcp" },
  trust: true,
};
const state: Partial<NetworkOutputs> = { ...news, status: "Attached", attachmentNamespace: "pulumi-sriov" };

describe("diffNetwork", () => {
  it("finds no change where the settings are the same", () => {
    expect(diffNetwork(state, news, none)).to.deep.equal({ changed: false, unfinished: false, replaces: [] });
  });

  it("finds no change between two ways to write the same spec", () => {
    expect(diffNetwork(state, { ...news, ipam: '{"type":"dhcp"}', trust: "on" }, none).changed).to.equal(false);
  });

  const changes: readonly PartialNetworkInputs[] = [
    { vlan: 200 },
    { ipam: { type: "static" } },
    { resourceName: "fast" },
    { networkNamespace: "web" },
    { requireCapableNode: false },
    { forceConflicts: true },
    { kubeconfig: "other" },
    { context: "other" },
    { timeouts: { create: "1m" } },
    { policy },
  ];
  for (const change of changes) {
    it(`changes in place for another ${Object.keys(change).join()}`, () => {
      expect(diffNetwork(state, { ...news, ...change }, none)).to.deep.include({ changed: true, replaces: [] });
    });
  }

  it("changes in place for a field that the program leaves out now", () => {
    const { vlan, ...without } = news;
    expect(diffNetwork(state, without, none)).to.deep.include({ changed: true, replaces: [] });
  });

  it("changes in place for another policy of the same resource name", () => {
    const other = { ...news, policy: { ...policy, policyName: "slow" } };
    expect(diffNetwork({ ...state, policy }, other, none)).to.deep.include({ changed: true, replaces: [] });
  });

  for (const name of ["networkName", "namespace"] as const) {
    it(`replaces what has another ${name}`, () => {
      expect(diffNetwork(state, { ...news, [name]: "other" }, none).replaces).to.deep.equal([name]);
    });
  }

  it("takes an unknown policy for another", () => {
    const { resourceName, ...rest } = news;
    expect(diffNetwork(state, rest, new Set(["policy"]))).to.deep.include({ changed: true, replaces: [] });
  });

  it("takes an unknown namespace for another", () => {
    const { namespace, ...rest } = news;
    expect(diffNetwork(state, rest, new Set(["namespace"])).replaces).to.deep.equal(["namespace"]);
  });

  it("takes no timeouts and empty ones for the same", () => {
    expect(diffNetwork(state, { ...news, timeouts: {} }, none).changed).to.equal(false);
  });

  it("finds unfinished what has no attachment", () => {
    const refreshed = { ...state, status: "NamespaceMissing" };
    expect(diffNetwork(refreshed, news, none)).to.include({ changed: false, unfinished: true });
  });
});
