import { expect } from "chai";
import { Annotation } from "../../../../api/names.js";
import type { SriovNetworkNodePolicy } from "../../../../api/sriov-network-node-policy.js";
import { diffPolicy, type PolicyOutputs, refreshedSettings } from "../../../../provider/core/policy/policy-outputs.js";

const none: ReadonlySet<string> = new Set<string>();
const state: PolicyOutputs = {
  policyName: "p",
  namespace: "n",
  resourceName: "storage",
  nodeSelector: { role: "worker" },
  nicSelector: { pfNames: ["eno49"] },
  numVfs: 4,
  maxUnavailable: 2,
  resourceUrn: "urn",
  matchedDevices: [],
  status: "Configured",
  fieldManager: "m",
};
const { matchedDevices, status, fieldManager, ...inputs } = state;

describe("the diff of a policy", () => {
  it("finds no change where the settings are the same, whatever has come of them", () => {
    expect(matchedDevices).to.deep.equal([]);
    expect([status, fieldManager]).to.deep.equal(["Configured", "m"]);
    expect(diffPolicy(state, inputs, none)).to.deep.equal({ changed: false, unfinished: false, replaces: [] });
  });

  for (const change of [
    { resourceName: "other" },
    { numVfs: 5 },
    { nodeSelector: {} },
    { nicSelector: { pfNames: ["eno50"] } },
    { mtu: 9000 },
    { deviceType: "vfio-pci" as const },
    { maxUnavailable: 3 },
    { onVfsInUse: "proceed" as const },
    { kubeconfig: "other" },
    { timeouts: { create: "1m" } },
  ]) {
    it(`changes ${Object.keys(change).join()} in place`, () => {
      expect(diffPolicy(state, { ...inputs, ...change }, none)).to.deep.include({ changed: true, replaces: [] });
    });
  }

  for (const name of ["policyName", "namespace"] as const) {
    it(`replaces the policy for another ${name}`, () => {
      const diff = diffPolicy(state, { ...inputs, [name]: "other" }, none);
      expect(diff).to.deep.include({ changed: true, replaces: [name] });
    });
  }

  it("takes what is not known yet for another", () => {
    const { numVfs, ...known } = inputs;
    expect(numVfs).to.equal(4);
    expect(diffPolicy(state, known, new Set(["numVfs"])).changed).to.equal(true);
  });

  it("finds unfinished what has not come to what it is to be", () => {
    expect(diffPolicy({ ...state, status: "Incomplete" }, inputs, none).unfinished).to.equal(true);
    expect(diffPolicy({ ...state, status: "NothingMatched" }, inputs, none).unfinished).to.equal(false);
  });
});

describe("a policy's settings after a refresh", () => {
  function live(more: Partial<SriovNetworkNodePolicy["spec"]> = {}, annotations = {}): SriovNetworkNodePolicy {
    const { resourceName, nodeSelector, nicSelector, numVfs } = state;
    const managedFields = [{ manager: "m", fieldsV1: { "f:spec": { "f:numVfs": {}, "f:priority": {} } } }];
    const spec = { resourceName, nodeSelector, nicSelector, numVfs, deviceType: "netdevice" as const, ...more };
    return { metadata: { name: "p", namespace: "n", managedFields, annotations }, spec };
  }
  const limited = { [Annotation.maxUnavailable]: "2" };

  it("are those of before where nobody has changed anything", () => {
    expect(refreshedSettings(state, live({}, limited))).to.deep.include(inputs);
    expect(refreshedSettings(state, live({}, limited))).not.to.have.property("deviceType");
  });

  it("have what somebody has changed, and what somebody has added", () => {
    const settings = refreshedSettings(state, live({ numVfs: 6, priority: 5 }, limited));
    expect(settings).to.deep.include({ numVfs: 6, priority: 5 });
  });

  it("lack what somebody has taken away", () => {
    expect(refreshedSettings({ ...state, mtu: 9000 }, live())).not.to.have.any.keys("mtu", "maxUnavailable");
  });

  it("have all that there is for a program that only looks it up", () => {
    expect(refreshedSettings({}, live())).to.deep.include({ numVfs: 4, deviceType: "netdevice" });
  });
});
