import { expect } from "chai";
import type { SriovNetworkNodePolicySpec } from "../../../../api/sriov-network-node-policy.js";
import { planPolicies } from "../../../../plan/policies/plan-policies.js";
import { nic, node, planOf, policy, problemOf } from "./facts.js";

describe("a plan of policies", () => {
  it("has every policy, by name, though it selects nothing", () => {
    const plan = planOf([policy("p2"), policy("p1", { nicSelector: { vendor: "1af4" } })]);
    expect([...plan.policies.keys()]).to.deep.equal(["p1", "p2"]);
    expect(plan.policies.get("p1")).to.deep.equal({ name: "p1", matches: [], problems: [], unsupported: [] });
  });

  it("lists a policy's NICs by node and address", () => {
    const nics = [
      nic({ nodeName: "node2", interfaceName: "a", address: "0000:01:00.0" }),
      nic({ nodeName: "node1", interfaceName: "b", address: "0000:86:00.1" }),
      nic({ nodeName: "node1", interfaceName: "c", address: "0000:86:00.0" }),
      nic({ nodeName: "node1", interfaceName: "d", address: "0000:86:00.0" }),
    ];
    const everything = policy("p1", { nicSelector: { vendor: "8086" } });
    const plan = planPolicies({ policies: [everything], nodes: [node("node2"), node("node1")], nics });
    const inOrder = ["node1-c", "node1-d", "node1-b", "node2-a"];
    expect(plan.policies.get("p1")?.matches.map(({ device }) => device)).to.deep.equal(inOrder);
    expect([...plan.devices.keys()]).to.deep.equal(inOrder);
  });

  it("is empty where there is nothing", () => {
    expect(planPolicies({ policies: [], nodes: [], nics: [] })).to.deep.equal({
      devices: new Map(),
      kept: new Set(),
      policies: new Map(),
    });
  });

  it("leaves out NICs that no policy selects, and does not keep them either", () => {
    const plan = planOf([policy("p1")], [nic({ interfaceName: "ens9", alternativeNames: [] })]);
    expect([plan.devices.size, plan.kept.size]).to.deep.equal([0, 0]);
  });
});

describe("a malformed policy", () => {
  const malformed: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ["a range that is none", { nicSelector: { pfNames: ["ens803f1#a-c"] } }, "nicSelector.pfNames[0]"],
    ["an empty nicSelector", { nicSelector: {} }, "nicSelector"],
    ["a priority beyond 99", { priority: 100 }, "priority"],
    ["a priority that is no number", { priority: "high" }, "priority"],
    ["labels that are no texts", { nodeSelector: { rack: 1 } }, "nodeSelector.rack"],
    ["no nodeSelector", { nodeSelector: undefined }, "nodeSelector"],
    ["no numVfs", { numVfs: undefined }, "numVfs"],
    ["isRdma with vfio-pci", { isRdma: true, deviceType: "vfio-pci" }, "isRdma"],
  ];
  for (const [what, spec, property] of malformed) {
    it(`is told of ${what}, and takes no part`, () => {
      const wrong = { ...policy("p1"), spec: { ...policy("p1").spec, ...spec } };
      const plan = planOf([wrong, policy("p2", { priority: 9 })]);
      expect(plan.policies.get("p1")?.problems.map((problem) => problem.property)).to.deep.equal([property]);
      expect(plan.policies.get("p1")?.matches).to.deep.equal([]);
      expect(plan.devices.get("node1-ens803f1")?.policies).to.deep.equal(["p2"]);
      expect(problemOf(plan, "p2")).to.equal(undefined);
    });
  }

  it("does not disturb the order of the others, though its priority cannot be compared", () => {
    const wrong = { priority: "high" } as unknown as Partial<SriovNetworkNodePolicySpec>;
    const plan = planOf([policy("p3", { priority: 5 }), policy("p2", wrong), policy("p1", { priority: 1 })]);
    expect(plan.devices.get("node1-ens803f1")?.policies).to.deep.equal(["p1"]);
  });

  it("without a spec is told of what it must have", () => {
    const plan = planOf([{ name: "p1", spec: undefined as unknown as SriovNetworkNodePolicySpec }]);
    expect(plan.policies.get("p1")?.problems.map(({ property }) => property)).to.deep.equal([
      "resourceName",
      "nicSelector",
    ]);
  });

  it("may have properties that this version does not know", () => {
    const newer = { ...policy("p1").spec, novelty: true };
    expect(planOf([{ name: "p1", spec: newer }]).devices.size).to.equal(1);
  });
});

describe("NICs that must keep what they have", () => {
  const kept = (spec: Readonly<Record<string, unknown>>) => [
    ...planOf([{ name: "p1", spec: { ...policy("p1").spec, ...spec } }]).kept,
  ];

  it("are those on which their policies ask for what cannot be had", () => {
    expect(kept({ numVfs: 65 })).to.deep.equal(["node1-ens803f1"]);
  });

  it("are those of policies that are not carried out", () => {
    expect(kept({ eSwitchMode: "switchdev" })).to.deep.equal(["node1-ens803f1"]);
  });

  it("are those that a malformed policy selects", () => {
    expect(kept({ priority: 100 })).to.deep.equal(["node1-ens803f1"]);
  });

  it("are all that no other policy selects where nobody can say what a policy selects", () => {
    expect(kept({ nicSelector: { pfNames: ["ens803f1", "#"] } })).to.deep.equal(["node1-ens803f1"]);
    expect(kept({ nodeSelector: { rack: 1 } })).to.deep.equal(["node1-ens803f1"]);
  });

  it("are those of a node that is not known", () => {
    const plan = planPolicies({ policies: [policy("p1")], nodes: [], nics: [nic()] });
    expect([...plan.kept]).to.deep.equal(["node1-ens803f1"]);
    expect(plan.devices.size).to.equal(0);
  });

  it("are none that another policy gives VFs", () => {
    expect([...planOf([policy("p1", { numVfs: 65 }), policy("p2")]).kept]).to.deep.equal([]);
  });
});
