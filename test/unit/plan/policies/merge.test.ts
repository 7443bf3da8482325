import { expect } from "chai";
import type { DevicePlan } from "../../../../plan/policies/policy-plan.js";
import type { PolicyFacts } from "../../../../plan/policies/snapshot.js";
import { devicePlanOf, nic, planOf, policy, problemOf } from "./facts.js";

const onPf = (range: string) => ({ nicSelector: { pfNames: [`ens803f1#${range}`] } });

/** `p1res 0-1, p2res 2-3`. */
function groups(plan: DevicePlan | undefined): string | undefined {
  return plan?.vfGroups.map(({ resourceName, vfRange }) => `${resourceName} ${vfRange}`).join(", ");
}

describe("policies that select the same NIC", () => {
  const cases: readonly {
    readonly title: string;
    readonly policies: readonly PolicyFacts[];
    readonly groups: string;
    readonly numVfs: number;
    readonly mtu?: number;
    readonly parts: readonly string[];
  }[] = [
    {
      title: "a policy alone gets all its VFs",
      policies: [policy("p1")],
      groups: "p1res 0-1",
      numVfs: 2,
      parts: ["p1"],
    },
    {
      title: "the lowest priority number has the VFs that both want, and the other's number does not count",
      policies: [policy("p1", { priority: 98 }), policy("p2", { priority: 99, numVfs: 3, mtu: 2000 })],
      groups: "p1res 0-1",
      numVfs: 2,
      parts: ["p1"],
    },
    {
      title: "no priority goes after every number below 99",
      policies: [policy("p1", { priority: 98 }), policy("p2", { numVfs: 3 })],
      groups: "p1res 0-1",
      numVfs: 2,
      parts: ["p1"],
    },
    {
      title: "no priority is priority 99",
      policies: [policy("p1", { priority: 99, numVfs: 3 }), policy("p2")],
      groups: "p2res 0-1",
      numVfs: 3,
      parts: ["p2", "p1"],
    },
    {
      title: "of equal priorities the last name has the VFs, and number and MTU are the largest of both",
      policies: [policy("p1", { numVfs: 3, mtu: 2000 }), policy("p2", { numVfs: 2, mtu: 1500 })],
      groups: "p2res 0-1",
      numVfs: 3,
      mtu: 2000,
      parts: ["p2", "p1"],
    },
    {
      title: "equal priorities with ranges apart both have theirs",
      policies: [policy("p1"), policy("p2", { ...onPf("2-4"), numVfs: 5 })],
      groups: "p1res 0-1, p2res 2-4",
      numVfs: 5,
      parts: ["p2", "p1"],
    },
    {
      title: "different priorities with ranges apart both have theirs, and number and MTU are the largest",
      policies: [
        policy("p1", { priority: 10, mtu: 1500 }),
        policy("p2", { ...onPf("2-3"), priority: 99, numVfs: 4, mtu: 9000 }),
      ],
      groups: "p1res 0-1, p2res 2-3",
      numVfs: 4,
      mtu: 9000,
      parts: ["p1", "p2"],
    },
    {
      title: "one range over two others of equal priority has them all where its name comes last",
      policies: [policy("p1", onPf("0-0")), policy("p2", onPf("1-1")), policy("p3")],
      groups: "p3res 0-1",
      numVfs: 2,
      parts: ["p3", "p2", "p1"],
    },
    {
      title: "the same resource name is had by one alone, even with ranges apart",
      policies: [
        policy("p1", { ...onPf("2-3"), numVfs: 4, resourceName: "r" }),
        policy("p2", { ...onPf("0-1"), numVfs: 2, resourceName: "r" }),
      ],
      groups: "r 0-1",
      numVfs: 4,
      parts: ["p2", "p1"],
    },
    {
      title: "the same resource name at a higher priority number adds nothing to the number",
      policies: [
        policy("p1", { ...onPf("2-3"), numVfs: 4, resourceName: "r", priority: 5 }),
        policy("p2", { ...onPf("0-1"), numVfs: 2, resourceName: "r", priority: 0 }),
      ],
      groups: "r 0-1",
      numVfs: 2,
      parts: ["p2"],
    },
    {
      title: "a policy that gets nothing itself is in nobody's way",
      policies: [
        policy("p1", { ...onPf("0-1"), numVfs: 8, priority: 1 }),
        policy("p2", { ...onPf("1-2"), numVfs: 8, priority: 2 }),
        policy("p3", { ...onPf("2-3"), numVfs: 8, priority: 3 }),
      ],
      groups: "p1res 0-1, p3res 2-3",
      numVfs: 8,
      parts: ["p1", "p3"],
    },
    {
      title: "a policy that gets nothing adds nothing to number and MTU, though one that goes after it gets its VFs",
      policies: [
        policy("p1", { ...onPf("0-1"), numVfs: 2, priority: 1 }),
        policy("p2", { ...onPf("0-0"), numVfs: 16, mtu: 9000, priority: 2 }),
        policy("p3", { ...onPf("2-3"), numVfs: 4, priority: 3 }),
      ],
      groups: "p1res 0-1, p3res 2-3",
      numVfs: 4,
      parts: ["p1", "p3"],
    },
    {
      title: "an overlap is seen wherever among many policies it is",
      policies: [
        policy("p1", { ...onPf("0-1"), numVfs: 8, priority: 1 }),
        policy("p2", { ...onPf("2-3"), numVfs: 8, priority: 2 }),
        policy("p3", { ...onPf("4-5"), numVfs: 8, priority: 3 }),
        policy("p4", { ...onPf("3-4"), numVfs: 8, priority: 4 }),
        policy("p5", { ...onPf("6-7"), numVfs: 8, priority: 5 }),
      ],
      groups: "p1res 0-1, p2res 2-3, p3res 4-5, p5res 6-7",
      numVfs: 8,
      parts: ["p1", "p2", "p3", "p5"],
    },
    {
      title: "groups are ordered by their first VF, whoever goes before",
      policies: [
        policy("p1", { ...onPf("4-7"), numVfs: 12, priority: 1 }),
        policy("p2", { ...onPf("8-11"), numVfs: 12, priority: 2 }),
        policy("p3", { ...onPf("0-3"), numVfs: 12, priority: 3 }),
      ],
      groups: "p3res 0-3, p1res 4-7, p2res 8-11",
      numVfs: 12,
      parts: ["p1", "p2", "p3"],
    },
    {
      title: "numVfs 0 takes nothing from a policy that asks for VFs, even where it goes before",
      policies: [policy("p1", { numVfs: 0, mtu: 9000, priority: 0 }), policy("p2", { priority: 9 })],
      groups: "p2res 0-1",
      numVfs: 2,
      parts: ["p2"],
    },
    {
      title: "numVfs 0 alone declares that there are to be none",
      policies: [policy("p1", { numVfs: 0 })],
      groups: "",
      numVfs: 0,
      parts: ["p1"],
    },
    {
      title: "numVfs 0 alone may set the MTU",
      policies: [policy("p1", { numVfs: 0, mtu: 9000 })],
      groups: "",
      numVfs: 0,
      mtu: 9000,
      parts: ["p1"],
    },
  ];
  for (const { title, policies, groups: wanted, numVfs, mtu, parts } of cases) {
    it(title, () => {
      const plan = devicePlanOf(...policies);
      expect(groups(plan)).to.equal(wanted);
      expect(plan).to.deep.include({ device: "node1-ens803f1", nodeName: "node1", numVfs, mtu, policies: parts });
    });
  }

  it("each get a NIC of their own where they select different ones", () => {
    const other = nic({ interfaceName: "ens803f0", address: "0000:86:00.0" });
    const plan = planOf([policy("p1"), policy("p2", { nicSelector: { pfNames: ["ens803f0"] } })], [nic(), other]);
    expect([...plan.devices.values()].map((device) => `${device.device}: ${groups(device) ?? ""}`)).to.deep.equal([
      "node1-ens803f0: p2res 0-1",
      "node1-ens803f1: p1res 0-1",
    ]);
  });
});

describe("a group of VFs", () => {
  it("has what its policy says of them", () => {
    const plan = devicePlanOf(
      policy("p1", { deviceType: "vfio-pci", mtu: 9000, needVhostNet: true, excludeTopology: true }),
    );
    expect(plan?.vfGroups).to.deep.equal([
      {
        resourceName: "p1res",
        policyName: "p1",
        vfRange: "0-1",
        deviceType: "vfio-pci",
        mtu: 9000,
        needVhostNet: true,
        excludeTopology: true,
      },
    ]);
  });

  it("is for network drivers where its policy does not say, and has no fields that the policy leaves out", () => {
    expect(devicePlanOf(policy("p1", { needVhostNet: false, excludeTopology: false }))?.vfGroups).to.deep.equal([
      { resourceName: "p1res", policyName: "p1", vfRange: "0-1", deviceType: "netdevice" },
    ]);
  });

  it("has its own policy's MTU, while the NIC has the largest", () => {
    const plan = devicePlanOf(policy("p1", { mtu: 1500 }), policy("p2", { ...onPf("2-3"), numVfs: 4, mtu: 9000 }));
    expect(plan?.vfGroups.map(({ mtu }) => mtu)).to.deep.equal([1500, 9000]);
    expect(plan?.mtu).to.equal(9000);
  });
});

describe("VFs that somebody else makes", () => {
  const external = policy("p1", { externallyManaged: true, mtu: 9000, priority: 1 });

  it("are shared out, and their number and the NIC's MTU left alone", () => {
    const plan = devicePlanOf(external);
    expect(plan).to.deep.include({ numVfs: undefined, mtu: undefined, policies: ["p1"] });
    expect(groups(plan)).to.equal("p1res 0-1");
  });

  it("are shared out among several policies that say so", () => {
    const plan = devicePlanOf(external, policy("p2", { ...onPf("2-3"), numVfs: 4, externallyManaged: true }));
    expect(plan?.numVfs).to.equal(undefined);
    expect(groups(plan)).to.equal("p1res 0-1, p2res 2-3");
  });

  it("are not made by a policy that goes after", () => {
    const plan = planOf([external, policy("p2", { ...onPf("2-3"), numVfs: 4, priority: 2 })]);
    expect(groups(plan.devices.get("node1-ens803f1"))).to.equal("p1res 0-1");
    expect(plan.devices.get("node1-ens803f1")).to.deep.include({ numVfs: undefined, policies: ["p1"] });
    expect(problemOf(plan, "p2")).to.deep.equal({
      kind: "externallyManaged",
      message:
        "Policy p1, which goes before, leaves the VFs to somebody else on " +
        "node1-ens803f1 (ens803f1, 0000:86:00.1 on node node1), and policy p2 wants them made here. " +
        "Set externallyManaged alike in both, or have one of them select other NICs.",
    });
  });

  it("are not left to somebody else by a policy that goes after, nor does its number count", () => {
    const plan = planOf([
      policy("p1", { ...onPf("2-3"), numVfs: 16, externallyManaged: true, priority: 1 }),
      policy("p2", { priority: 1 }),
    ]);
    expect(plan.devices.get("node1-ens803f1")).to.deep.include({ numVfs: 2, policies: ["p2"] });
    expect(problemOf(plan, "p1")?.message).to.include(
      "Policy p2, which goes before, has the VFs made here on node1-ens803f1",
    );
    expect(problemOf(plan, "p1")?.message).to.include("policy p1 wants them left to somebody else");
  });

  it("are left alone where one policy of two that want none says so", () => {
    const both = [policy("p1", { numVfs: 0 }), policy("p2", { numVfs: 0, externallyManaged: true })];
    expect(devicePlanOf(...both)).to.deep.include({ numVfs: undefined, policies: ["p2", "p1"] });
  });

  it("may be none: a number that is left alone is not declared as 0", () => {
    expect(devicePlanOf(policy("p1", { numVfs: 0, externallyManaged: true }))).to.deep.include({
      numVfs: undefined,
      vfGroups: [],
      policies: ["p1"],
    });
  });
});
