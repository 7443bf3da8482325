import { expect } from "chai";
import type { SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import type {
  MatchedDevice,
  MatchedDeviceState,
  SriovNetworkNodePolicy,
} from "../../../../api/sriov-network-node-policy.js";
import { leftOf } from "../../../../provider/core/policy/device-release.js";
import { isTwins, policyVerdict } from "../../../../provider/core/policy/policy-wait.js";

const spec = { resourceName: "storage", nodeSelector: {}, nicSelector: { pfNames: ["eno49"] }, numVfs: 4 };
const PROGRAM = "pulumi-sriov-0123456789ab-01234567";

function policy(
  reason: string,
  states: readonly MatchedDeviceState[],
  more: { generation?: number; uid?: string } = {},
) {
  const { generation = 2, uid = "u1" } = more;
  const matchedDevices = states.map((state, index): MatchedDevice => {
    const name = `node${index}-eno49`;
    return { name, nodeName: `node${index}`, interfaceName: "eno49", address: "0000:04:00.0", state, message: "why" };
  });
  const condition = { type: "Ready", reason, message: "all of it", lastTransitionTime: "" };
  const status = {
    observedGeneration: 2,
    conditions: [{ ...condition, status: reason === "Configured" ? ("True" as const) : ("False" as const) }],
    matched: states.length,
    ready: states.filter((state) => state === "Ready").length,
    matchedDevices,
  };
  return { metadata: { name: "p", namespace: "n", uid, generation }, spec, status } satisfies SriovNetworkNodePolicy;
}

const applied = policy("Configuring", []);

describe("a policy that is waited for", () => {
  it("is done when the controller says so", () => {
    const verdict = policyVerdict(policy("Configured", ["Ready", "Ready"]), applied);
    expect(verdict).to.deep.equal({ state: "satisfied", result: [] });
  });

  it("is done where it selects nothing", () => {
    expect(policyVerdict(policy("NothingMatched", []), applied)).to.deep.equal({ state: "satisfied", result: [] });
  });

  it("is not done by what was said of an earlier generation", () => {
    const verdict = policyVerdict(policy("Configured", ["Ready"], { generation: 3 }), applied);
    expect(verdict).to.deep.equal({ state: "pending", what: "waiting for the controller" });
  });

  it("tells how many NICs are done, and which one is waited for", () => {
    const verdict = policyVerdict(policy("Configuring", ["Ready", "Configuring", "Failed"]), applied);
    expect(verdict).to.deep.equal({ state: "pending", what: "1 of 3 NICs ready; waiting for node1-eno49: why" });
  });

  it("has failing NICs once nothing else is under way", () => {
    const verdict = policyVerdict(policy("Incomplete", ["Ready", "Conflict", "Failed"]), applied);
    const names = verdict.state === "satisfied" ? verdict.result.map(({ name }) => name) : verdict;
    expect(names).to.deep.equal(["node1-eno49", "node2-eno49"]);
  });

  it("has failing NICs where others wait behind one that has failed", () => {
    const verdict = policyVerdict(policy("Incomplete", ["Failed", "Waiting"]), applied);
    expect(verdict.state === "satisfied" && verdict.result).to.have.length(1);
  });

  it("goes on where others wait, and none has failed", () => {
    expect(policyVerdict(policy("Incomplete", ["Conflict", "Waiting"]), applied).state).to.equal("pending");
  });

  for (const reason of ["OtherNamespace", "Invalid"]) {
    it(`fails as ${reason} with the controller's words`, () => {
      const verdict = policyVerdict(policy(reason, []), applied);
      expect(verdict.state === "failed" && verdict.error.message).to.equal("policy p: all of it");
    });
  }

  for (const [what, found] of [
    ["was deleted", undefined],
    ["is another by now", policy("Configured", ["Ready"], { uid: "u2" })],
  ] as const) {
    it(`fails where it ${what}`, () => {
      const verdict = policyVerdict(found, applied);
      expect(verdict.state === "failed" && verdict.error.message).to.contain("was deleted while it was waited for");
    });
  }
});

function device(more: {
  groups?: readonly string[];
  numVFS?: number;
  vfs?: number;
  reason?: string;
  behind?: boolean;
}) {
  const { groups = [], numVFS = 0, vfs = 0, reason = "Configured", behind = false } = more;
  const vfGroups = groups.map((policyName) => ({ policyName, resourceName: "storage", vfRange: "0-3" }));
  const virtualFunctions = Array.from({ length: vfs }, (_, index) => ({ index, address: `v${index}`, pciDevice: "" }));
  const isTrue = reason === "Configured" || reason === "Unmanaged";
  const condition = {
    type: "Ready",
    status: isTrue ? "True" : "False",
    reason,
    message: "why",
    lastTransitionTime: "",
  } as const;
  return {
    metadata: { name: "d", generation: 2 },
    spec: { address: "0000:04:00.0", nodeName: "node1", numVFS, vfGroups },
    status: { observedGeneration: behind ? 1 : 2, virtualFunctions, conditions: [condition] },
  } satisfies SriovNetworkDevice;
}

function unmanaged(found: SriovNetworkDevice): SriovNetworkDevice {
  return { ...found, status: { ...found.status, countManaged: false } };
}

describe("a NIC that another policy of Pulumi has", () => {
  const nic = { name: "d", state: "Conflict" } as const;
  const entry = { manager: PROGRAM, fieldsV1: { "f:spec": { "f:numVfs": {} } } };
  const twin = { metadata: { name: "twin", managedFields: [entry] }, spec };

  it("fails nothing where that policy asks for the very same", () => {
    expect(isTwins(nic, applied, [applied, twin], device({ groups: ["twin"] }))).to.equal(true);
  });

  for (const [what, policies, found] of [
    ["it asks for something else", [{ ...twin, spec: { ...spec, numVfs: 5 } }], device({ groups: ["twin"] })],
    [
      "it is no program's",
      [{ ...twin, metadata: { name: "twin", managedFields: [{ ...entry, manager: "person" }] } }],
      device({ groups: ["twin"] }),
    ],
    ["it does not have the NIC", [twin], device({ groups: ["third"] })],
    ["it is the policy itself", [{ ...twin, metadata: { ...twin.metadata, name: "p" } }], device({ groups: ["p"] })],
  ] as const) {
    it(`fails the policy where ${what}`, () => {
      expect(isTwins(nic, applied, policies, found)).to.equal(false);
    });
  }

  it("fails the policy for any other cause", () => {
    expect(isTwins({ name: "d", state: "InUse" }, applied, [twin], device({ groups: ["twin"] }))).to.equal(false);
  });
});

describe("what a NIC has left of a policy that is gone", () => {
  for (const [what, found] of [
    ["has no VFs by it", device({})],
    ["keeps those that others ask for", device({ groups: ["other"], numVFS: 2, vfs: 2 })],
    ["is nobody's, and keeps what it has", device({ vfs: 2, reason: "Unmanaged" })],
    ["is nobody's, though it has a trouble of its own", unmanaged(device({ vfs: 2, reason: "KernelRefused" }))],
    ["is not there any more", device({ reason: "DeviceGone", behind: false })],
  ] as const) {
    it(`is nothing where it ${what}`, () => expect(leftOf("p", found)).to.equal(undefined));
  }

  for (const [what, found, left] of [
    ["is asked for the policy's VFs", device({ groups: ["p"], numVFS: 2, vfs: 2 }), "its VFs are still the policy's"],
    ["is not taken up by its agent", device({ behind: true }), "waiting for the agent on node node1"],
    ["has VFs that are to go", device({ vfs: 2 }), "2 VFs, to be 0"],
    ["cannot give them up", device({ vfs: 2, reason: "InUse" }), "InUse: why"],
  ] as const) {
    it(`is told where it ${what}`, () => expect(leftOf("p", found)).to.equal(left));
  }
});
