import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import type { DevicePlan } from "../../../plan/policies/policy-plan.js";
import { permittedCounts, stanceOf } from "../../../reconciler/controller/policies/stance.js";

/** Four VFs are there. */
const DEVICE: SriovNetworkDevice = {
  metadata: { name: "nic", uid: "1", generation: 1 },
  spec: { address: "0000:01:00.0", nodeName: "node", numVFS: 4 },
  status: {
    observedGeneration: 1,
    virtualFunctions: [0, 1, 2, 3].map((index) => ({ address: `0000:01:10.${index}`, index, pciDevice: "" })),
  },
};

function policy(name: string, numVfs: number, allowed?: number): SriovNetworkNodePolicy {
  const annotations = allowed === undefined ? {} : { [Annotation.allowDisruption]: String(allowed) };
  return {
    metadata: { name, namespace: "n", annotations },
    spec: { resourceName: name, nodeSelector: {}, nicSelector: { vendor: "8086" }, numVfs },
  };
}

/** For which count VFs in use would be let go of, where these policies together want `numVfs`. */
function allowedFor(numVfs: number, ...policies: SriovNetworkNodePolicy[]): number | undefined {
  const names = policies.map(({ metadata }) => metadata.name);
  const plan: DevicePlan = {
    ...{ device: "nic", nodeName: "node", numVfs, mtu: undefined, vfGroups: [], policies: names },
  };
  const stance = stanceOf(plan, DEVICE, {
    ...{ permitted: permittedCounts(policies), refusals: { of: () => undefined }, fieldManager: "m" },
  });
  if (stance.kind !== "toWrite") throw new Error(`there is nothing to be written: ${stance.kind}`);
  return stance.request.allowed;
}

describe("a policy's permission to destroy VFs in use", () => {
  it("goes with the count that the policy asks for", () => {
    expect(allowedFor(8, policy("a", 8, 8))).to.equal(8);
  });

  it("does not go with a count that another policy, which has none, asks for", () => {
    expect(allowedFor(16, policy("a", 8, 8), policy("b", 16))).to.equal(undefined);
  });

  it("goes with the count where the policy is one of those that ask for it", () => {
    expect(allowedFor(8, policy("a", 8, 8), policy("b", 2))).to.equal(8);
  });

  it("is none where it was given for another count", () => {
    expect(allowedFor(8, policy("a", 8, 6))).to.equal(undefined);
  });
});
