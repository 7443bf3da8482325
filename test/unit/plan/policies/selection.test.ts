import { expect } from "chai";
import type { NicSelector } from "../../../../api/sriov-network-node-policy.js";
import { planPolicies } from "../../../../plan/policies/plan-policies.js";
import type { NicFacts } from "../../../../plan/policies/snapshot.js";
import { nic, node, planOf, policy } from "./facts.js";

const NETWORK = "openstack/NetworkID:3b0a4d5e-0000-4c3c-9d0b-1c2d3e4f5a6b";

describe("a nicSelector", () => {
  const selecting: readonly (readonly [string, NicSelector, Partial<NicFacts>?])[] = [
    ["vendor", { vendor: "8086" }],
    ["vendor in other case", { vendor: "15B3" }, { vendorId: "15b3" }],
    ["vendor where the report has capitals", { vendor: "15b3" }, { vendorId: "15B3" }],
    ["vendor, whatever the NIC's network", { vendor: "8086" }, { netFilter: NETWORK }],
    ["deviceID", { deviceID: "158b" }],
    ["deviceID in other case", { deviceID: "158B" }],
    ["one of rootDevices", { rootDevices: ["0000:01:00.0", "0000:86:00.1"] }],
    ["one of pfNames", { pfNames: ["ens1f0", "ens803f1"] }],
    ["an alternative name", { pfNames: ["enp134s0f1"] }],
    ["netFilter", { netFilter: NETWORK }, { netFilter: NETWORK }],
    ["netFilter with spaces", { netFilter: ` ${NETWORK.replace(":", " : ")} ` }, { netFilter: NETWORK }],
    ["all at once", { vendor: "8086", deviceID: "158b", rootDevices: ["0000:86:00.1"], pfNames: ["ens803f1#0-1"] }],
    ["what is given, empty ones aside", { vendor: "8086", deviceID: "", rootDevices: [], pfNames: [], netFilter: "" }],
  ];
  for (const [by, nicSelector, facts] of selecting) {
    it(`selects by ${by}`, () => {
      const plan = planOf([policy("p1", { nicSelector })], [nic(facts)]);
      expect(plan.policies.get("p1")?.problems).to.deep.equal([]);
      expect([...plan.devices.keys()]).to.deep.equal(["node1-ens803f1"]);
    });
  }

  const refusing: readonly (readonly [string, NicSelector, Partial<NicFacts>?])[] = [
    ["another vendor", { vendor: "15b3" }],
    ["another device", { deviceID: "1015" }],
    ["other addresses", { rootDevices: ["0000:86:00.0"] }],
    ["other names", { pfNames: ["ens803f0", "ens803f10", "ens803f1d1"] }],
    ["another network", { netFilter: "aws/NetworkID:1" }, { netFilter: NETWORK }],
    ["a network where the NIC's is not known", { netFilter: NETWORK }],
    ["one thing that fits and one that does not", { vendor: "8086", deviceID: "1015" }],
    ["a vendor where the NIC's is not known", { vendor: "8086" }, { vendorId: "" }],
  ];
  for (const [by, nicSelector, facts] of refusing) {
    it(`does not select by ${by}`, () => {
      const plan = planOf([policy("p1", { nicSelector })], [nic(facts)]);
      expect(plan.policies.get("p1")).to.deep.include({ problems: [], matches: [] });
      expect(plan.devices.size + plan.kept.size).to.equal(0);
    });
  }

  const ranges: readonly (readonly [string, readonly string[], string])[] = [
    ["named with the interface", ["ens803f1#1-2"], "1-2"],
    ["named with an alternative name", ["enp134s0f1#1-2"], "1-2"],
    ["named with the interface, before one with an alternative name", ["onboard2#0-0", "ens803f1#1-2"], "1-2"],
    ["of the first entry for the interface", ["ens1f0#0-0", "ens803f1#1-2", "ens803f1#3-3"], "1-2"],
    ["of the first entry with an alternative name", ["onboard2#1-2", "enp134s0f1#3-3"], "1-2"],
    ["of all VFs, where the entry has none", ["ens803f1", "ens1f0#0-1"], "0-3"],
  ];
  for (const [which, pfNames, range] of ranges) {
    it(`gives the VFs ${which}`, () => {
      const plan = planOf([policy("p1", { numVfs: 4, nicSelector: { pfNames } })]);
      expect(plan.policies.get("p1")?.matches[0]?.vfRange).to.equal(range);
    });
  }
});

describe("a nodeSelector", () => {
  const nics = ["node1", "node2"].map((nodeName) => nic({ nodeName }));
  const nodes = [node("node1", { rack: "a", sriov: "true" }), node("node2", { rack: "b", sriov: "true" })];
  const selected = (nodeSelector: Readonly<Record<string, string>>) => [
    ...planPolicies({ policies: [policy("p1", { nodeSelector })], nodes, nics }).devices.keys(),
  ];

  it("selects the nodes that have the label", () => {
    expect(selected({ rack: "b" })).to.deep.equal(["node2-ens803f1"]);
  });

  it("selects those alone that have all the labels", () => {
    expect(selected({ rack: "a", sriov: "true" })).to.deep.equal(["node1-ens803f1"]);
    expect(selected({ rack: "a", sriov: "false" })).to.deep.equal([]);
  });

  it("selects every node where it is empty", () => {
    expect(selected({})).to.deep.equal(["node1-ens803f1", "node2-ens803f1"]);
  });

  it("does not select by a label that a node lacks", () => {
    expect(selected({ gpu: "true" })).to.deep.equal([]);
  });
});
