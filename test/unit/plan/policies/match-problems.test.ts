import { expect } from "chai";
import { nic, planOf, policy, problemOf } from "./facts.js";

const NIC = "node1-ens803f1 (ens803f1, 0000:86:00.1 on node node1)";

describe("a policy that cannot have all it asks for on a NIC", () => {
  it("has a match there all the same, with no VFs", () => {
    expect(planOf([policy("p1", { numVfs: 65 })]).policies.get("p1")?.matches).to.deep.equal([
      {
        device: "node1-ens803f1",
        nodeName: "node1",
        interfaceName: "ens803f1",
        address: "0000:86:00.1",
        vfRange: undefined,
        problem: {
          kind: "tooMany",
          message:
            `${NIC} supports at most 64 VFs, and policy p1 asks for 65. Set its numVfs to 64 or less, raise the maximum in ` +
            "the NIC's firmware, or have the policy select other NICs.",
        },
      },
    ]);
  });

  it("may ask for as many VFs as the NIC supports", () => {
    const plan = planOf([policy("p1", { numVfs: 64 })]);
    expect(plan.policies.get("p1")?.matches[0]).to.deep.include({ vfRange: "0-63", problem: undefined });
  });

  it("may ask for any number where the maximum is not known", () => {
    const plan = planOf([policy("p1", { numVfs: 500 })], [nic({ totalVfs: undefined })]);
    expect(plan.devices.get("node1-ens803f1")?.numVfs).to.equal(500);
  });

  it("is told of a maximum of one in the singular", () => {
    expect(problemOf(planOf([policy("p1")], [nic({ totalVfs: 1 })]), "p1")?.message).to.include("at most 1 VF, and");
  });

  it("goes on with its other NICs", () => {
    const small = nic({ nodeName: "node1", interfaceName: "ens803f0", address: "0000:86:00.0", totalVfs: 1 });
    const plan = planOf([policy("p1", { nicSelector: { vendor: "8086" } })], [small, nic()]);
    expect([...plan.devices.keys()]).to.deep.equal(["node1-ens803f1"]);
    expect(plan.policies.get("p1")?.matches.map(({ problem }) => problem?.kind)).to.deep.equal(["tooMany", undefined]);
  });

  it("leaves the VFs to a policy that goes after", () => {
    const plan = planOf([policy("p1", { numVfs: 65 }), policy("p2", { priority: 50 })]);
    expect(plan.devices.get("node1-ens803f1")?.policies).to.deep.equal(["p2"]);
  });

  it("is told of a range that does not fit its number, with the number that would do", () => {
    const plan = planOf([policy("p1", { numVfs: 4, nicSelector: { pfNames: ["ens803f1#2-4"] } })]);
    expect(problemOf(plan, "p1")).to.deep.equal({
      kind: "range",
      message:
        `Policy p1 wants the VFs 2-4 of ${NIC}, but asks for 4 in all, numbered from 0. Set its numVfs to 5 or more, or end ` +
        "the range in its pfNames lower.",
    });
    expect(plan.policies.get("p1")?.problems).to.deep.equal([]);
  });

  it("may have a range up to the last of its VFs", () => {
    const plan = planOf([policy("p1", { numVfs: 4, nicSelector: { pfNames: ["ens803f1#2-3"] } })]);
    expect(plan.policies.get("p1")?.matches[0]).to.deep.include({ vfRange: "2-3", problem: undefined });
  });

  it("is told of an overlap with the policy that has the VFs, and how to get out of it", () => {
    const plan = planOf([
      policy("p1", { priority: 1, numVfs: 4 }),
      policy("p2", { priority: 2, numVfs: 8, nicSelector: { pfNames: ["ens803f1#3-7"] } }),
    ]);
    expect(problemOf(plan, "p1")).to.equal(undefined);
    expect(problemOf(plan, "p2")).to.deep.equal({
      kind: "overlap",
      message:
        `Policy p1, which goes before, has the VFs 0-3 of ${NIC}, and policy p2 wants 3-7. Give them ranges that do not ` +
        "overlap in their pfNames (ens803f1#0-3), or give p2 a lower priority number.",
    });
  });

  it("is shown a range by example where the NIC has no interface", () => {
    const bare = nic({ device: "node1-x", interfaceName: "" });
    const both = { nicSelector: { vendor: "8086" } };
    const message = problemOf(planOf([policy("p1", both), policy("p2", both)], [bare]), "p1")?.message;
    expect(message).to.include("of node1-x (0000:86:00.1 on node node1), and").and.to.include("(ens1f0#0-3)");
  });

  it("is told which policy has its resource name on the NIC", () => {
    const plan = planOf([
      policy("p1", { priority: 1, resourceName: "r" }),
      policy("p2", { priority: 2, numVfs: 4, resourceName: "r", nicSelector: { pfNames: ["ens803f1#2-3"] } }),
    ]);
    expect(problemOf(plan, "p2")).to.deep.equal({
      kind: "sameResource",
      message:
        `Policy p1, which goes before, has VFs of ${NIC} under the resource name r, which policy p2 wants too. ` +
        "Give one of them another resourceName, or have one of them select other NICs.",
    });
  });
});

describe("the link type that a policy names", () => {
  it("is not changed: the NIC gets nothing of the policy", () => {
    const plan = planOf([policy("p1", { linkType: "ib" })]);
    expect(plan.devices.size).to.equal(0);
    expect(problemOf(plan, "p1")).to.deep.equal({
      kind: "linkType",
      message:
        `${NIC} has link type eth, and policy p1 is for ib. A link type is not changed: set it in the NIC's firmware, or ` +
        "have the policy select other NICs.",
    });
  });

  const fitting: readonly (readonly ["eth" | "ETH" | "ib" | "IB", string | undefined])[] = [
    ["eth", "eth"],
    ["ETH", "eth"],
    ["eth", "ETH"],
    ["IB", "ib"],
    ["ib", undefined],
  ];
  for (const [linkType, ofNic] of fitting) {
    it(`may be ${linkType} where the NIC's is ${ofNic ?? "not known"}`, () => {
      const plan = planOf([policy("p1", { linkType })], [nic({ linkType: ofNic })]);
      expect(problemOf(plan, "p1")).to.equal(undefined);
    });
  }
});

describe("what this project does not carry out", () => {
  const unsupported: readonly (readonly [Parameters<typeof policy>[1], string, readonly string[]])[] = [
    [{ eSwitchMode: "switchdev" }, "eSwitchMode: switchdev", ["eSwitchMode: switchdev"]],
    [
      { eSwitchMode: "switchdev", vdpaType: "virtio" },
      "eSwitchMode: switchdev and vdpaType: virtio",
      ["eSwitchMode: switchdev", "vdpaType: virtio"],
    ],
    [
      { eSwitchMode: "switchdev", bridge: { ovs: {} } },
      "eSwitchMode: switchdev and bridge",
      ["eSwitchMode: switchdev", "bridge"],
    ],
  ];
  for (const [spec, words, fields] of unsupported) {
    it(`makes no VFs, since they would be others than meant: ${words}`, () => {
      const plan = planOf([policy("p1", spec)]);
      expect(plan.devices.size).to.equal(0);
      expect(plan.policies.get("p1")?.unsupported).to.deep.equal(fields);
      expect(problemOf(plan, "p1")).to.deep.equal({
        kind: "unsupported",
        message:
          `Policy p1 asks for ${words}, which is not carried out here, so that it has no VFs made on ${NIC}. ` +
          `Take ${fields.length === 1 ? "the field" : "these fields"} out of it, or have the sriov-network-operator look ` +
          "after this NIC.",
      });
    });
  }

  it("is ignored, and named, where the VFs are the same without it: isRdma", () => {
    const plan = planOf([policy("p1", { isRdma: true })]);
    expect(plan.devices.get("node1-ens803f1")?.numVfs).to.equal(2);
    expect(plan.policies.get("p1")?.unsupported).to.deep.equal(["isRdma: true"]);
    expect(problemOf(plan, "p1")).to.equal(undefined);
  });

  it("is not asked for by eSwitchMode legacy, isRdma false, an empty bridge, needVhostNet or excludeTopology", () => {
    const plan = planOf([
      policy("p1", { eSwitchMode: "legacy", isRdma: false, bridge: {}, needVhostNet: true, excludeTopology: true }),
    ]);
    expect(plan.policies.get("p1")?.unsupported).to.deep.equal([]);
    expect(plan.devices.get("node1-ens803f1")?.numVfs).to.equal(2);
  });
});
