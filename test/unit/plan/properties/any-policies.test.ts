import { expect } from "chai";
import fc from "fast-check";
import type { SriovNetworkDevice } from "../../../../api/sriov-network-device.js";
import type { SriovNetworkNodePolicySpec } from "../../../../api/sriov-network-node-policy.js";
import { progressOf } from "../../../../plan/policies/device-progress.js";
import { planPolicies } from "../../../../plan/policies/plan-policies.js";
import type { DevicePlan, PolicyPlan } from "../../../../plan/policies/policy-plan.js";
import { snapshotOf } from "../../../../plan/policies/snapshot-of.js";
import type { PolicySnapshot } from "../../../../plan/policies/snapshot.js";
import { parseVfRange } from "../../../../plan/policies/vf-range.js";

const RUNS = { numRuns: 300 };

// Few words, so that policies meet on the same NICs, VFs and resource names.
const racks = ["a", "b"];
const interfaces = ["ens1f0", "ens1f1", "ens2f0"];

const numVfs = fc.nat(12);
const pfName = fc
  .record({ name: fc.constantFrom(...interfaces, "alt0", "alt1"), range: fc.option(fc.tuple(fc.nat(9), fc.nat(9))) })
  .map(({ name, range }) => (range === null ? name : `${name}#${Math.min(...range)}-${Math.max(...range)}`));

const nicSelector = fc.record(
  {
    vendor: fc.constantFrom("8086", "15b3"),
    deviceID: fc.constantFrom("158b", "1015", "x"),
    rootDevices: fc.subarray(["0000:01:00.0", "0000:02:00.0"]),
    pfNames: fc.array(pfName, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

const policySpec: fc.Arbitrary<SriovNetworkNodePolicySpec> = fc.record(
  {
    resourceName: fc.constantFrom("r0", "r1", "r2", "r3", "-"),
    nodeSelector: fc.constantFrom({}, { rack: "a" }, { rack: "b" }, { rack: "c" }),
    nicSelector,
    numVfs,
    priority: fc.nat(3),
    mtu: fc.constantFrom(1500, 9000),
    deviceType: fc.constantFrom("netdevice" as const, "vfio-pci" as const),
    linkType: fc.constantFrom("eth" as const, "IB" as const),
    eSwitchMode: fc.constantFrom("legacy" as const, "switchdev" as const),
    externallyManaged: fc.boolean(),
    isRdma: fc.boolean(),
  },
  { requiredKeys: ["resourceName", "nodeSelector", "nicSelector", "numVfs"] },
);

const snapshot: fc.Arbitrary<PolicySnapshot> = fc
  .record({
    specs: fc.array(policySpec, { maxLength: 12 }),
    nodes: fc.uniqueArray(fc.constantFrom("n0", "n1", "n2"), { maxLength: 3 }),
    nics: fc.uniqueArray(
      fc.record({
        nodeName: fc.constantFrom("n0", "n1", "n2"),
        interfaceName: fc.constantFrom(...interfaces),
        totalVfs: fc.option(fc.nat(12), { nil: undefined }),
        vendorId: fc.constantFrom("8086", "15b3"),
        linkType: fc.constantFrom("eth", "ib", undefined),
        alternativeNames: fc.subarray(["alt0", "alt1"]),
        address: fc.constantFrom("0000:01:00.0", "0000:02:00.0", "0000:03:00.0"),
      }),
      { maxLength: 8, selector: ({ nodeName, interfaceName }) => `${nodeName}-${interfaceName}` },
    ),
  })
  .map(({ specs, nodes, nics }) => ({
    policies: specs.map((spec, i) => ({ name: `p${i}`, spec })),
    nodes: nodes.map((name, i) => ({ name, labels: { rack: racks[i % racks.length] ?? "" } })),
    nics: nics.map((nic) => ({
      ...nic,
      device: `${nic.nodeName}-${nic.interfaceName}`,
      deviceId: "158b",
      netFilter: undefined,
    })),
  }));

describe("the plan of any policies for any NICs", () => {
  holds("is the same for the same snapshot", (given) => {
    expect(planPolicies(given)).to.deep.equal(planPolicies(structuredClone(given)));
  });

  it("does not depend on the order of its input, nor does its own order", () => {
    const shuffled = snapshot.chain((given) =>
      fc.tuple(fc.constant(given), anyOrder(given.policies), anyOrder(given.nodes), anyOrder(given.nics)),
    );
    fc.assert(
      fc.property(shuffled, ([given, policies, nodes, nics]) => {
        expect(listed(planPolicies({ policies, nodes, nics }))).to.deep.equal(listed(planPolicies(given)));
      }),
      RUNS,
    );
  });

  holds("never asks for more VFs than the NIC supports", (given) => {
    const { devices } = planPolicies(given);
    for (const { device, totalVfs = Infinity } of given.nics)
      expect(devices.get(device)?.numVfs ?? 0).to.be.at.most(totalVfs);
  });

  holds("gives no VF twice, and none that there will not be", (given) => {
    for (const plan of planPolicies(given).devices.values()) {
      let next = 0;
      for (const { vfRange } of plan.vfGroups) {
        const range = parseVfRange(vfRange);
        expect(range?.first).to.be.at.least(next);
        next = (range?.last ?? 0) + 1;
      }
      expect(next).to.be.at.most(plan.numVfs ?? Infinity);
    }
  });

  holds("gives a resource name once a NIC", (given) => {
    for (const { vfGroups } of planPolicies(given).devices.values())
      expect(new Set(vfGroups.map(({ resourceName }) => resourceName)).size).to.equal(vfGroups.length);
  });

  holds("tells every policy for every NIC either its VFs or why it gets none, unless it asks for none", (given) => {
    const plan = planPolicies(given);
    for (const { name, spec } of given.policies) {
      for (const { device, vfRange, problem } of plan.policies.get(name)?.matches ?? []) {
        const group = plan.devices.get(device)?.vfGroups.find(({ policyName }) => policyName === name);
        expect(group?.vfRange).to.equal(vfRange);
        expect(vfRange !== undefined).to.equal(problem === undefined && spec.numVfs > 0);
      }
    }
  });

  holds("keeps what it does not plan only where policies select it, or nobody knows", ({ policies, nodes, nics }) => {
    const { devices, kept } = planPolicies({ policies, nodes, nics });
    for (const device of kept) expect(devices.has(device)).to.equal(false);
    expect(planPolicies({ policies: [], nodes, nics }).kept.size).to.equal(
      nics.filter(({ nodeName }) => !nodes.some(({ name }) => name === nodeName)).length,
    );
  });

  holds("changes nothing when it is made again of what it has made, and all is Ready", (given) => {
    const first = planPolicies(given);
    const devices = given.nics.map((nic) => deviceWith(first.devices.get(nic.device), nic));
    const policies = given.policies.map(({ name, spec }) => ({ metadata: { name }, spec }));
    const nodes = given.nodes.map(({ name, labels }) => ({ metadata: { name, labels } }));
    const second = planPolicies(snapshotOf(policies, nodes, devices));
    expect(listed(second)).to.deep.equal(listed(first));
    for (const device of devices) {
      const plan = second.devices.get(device.metadata.name);
      if (plan !== undefined) expect(progressOf(plan, device)).to.deep.equal({ state: "Ready" });
    }
  });
});

function holds(title: string, check: (given: PolicySnapshot) => void): void {
  it(title, () => fc.assert(fc.property(snapshot, check), RUNS));
}

function anyOrder<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
}

/** With the order that maps and sets have. */
function listed({ devices, kept, policies }: PolicyPlan) {
  return { devices: [...devices], kept: [...kept], policies: [...policies] };
}

/** The device as controller and agent leave it behind when the plan is carried out. */
function deviceWith(plan: DevicePlan | undefined, nic: PolicySnapshot["nics"][number]): SriovNetworkDevice {
  const { device, nodeName, address, totalVfs, linkType, ...facts } = nic;
  const vfs = Math.max(plan?.numVfs ?? 0, ...(plan?.vfGroups ?? []).map(({ vfRange }) => lastVf(vfRange) + 1));
  return {
    metadata: { name: device, generation: 1 },
    spec: {
      address,
      nodeName,
      ...(plan?.numVfs === undefined ? {} : { numVFS: plan.numVfs }),
      ...(plan?.mtu === undefined ? {} : { mtu: plan.mtu }),
      ...(plan === undefined ? {} : { vfGroups: plan.vfGroups }),
    },
    status: {
      interfaceName: facts.interfaceName,
      alternativeNames: facts.alternativeNames,
      vendorId: facts.vendorId,
      deviceId: facts.deviceId,
      linkType: linkType ?? "",
      ...(totalVfs === undefined ? {} : { totalVFs: totalVfs }),
      observedGeneration: 1,
      vfAddresses: Array.from({ length: vfs }, (_, i) => `0000:10:00.${i}`),
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "Configured",
          message: "",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        },
      ],
    },
  };
}

function lastVf(vfRange: string): number {
  return parseVfRange(vfRange)?.last ?? 0;
}
