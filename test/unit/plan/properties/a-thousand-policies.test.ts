import { expect } from "chai";
import { planPolicies } from "../../../../plan/policies/plan-policies.js";
import { nic, node, policy } from "../policies/facts.js";

describe("1,000 policies", () => {
  it("of 100 racks, ten each, share out the VFs of 500 NICs", () => {
    const policies = Array.from({ length: 1000 }, (_, i) => {
      const first = Math.floor(i / 100) * 4;
      const pfNames = [`ens803f1#${first}-${first + 3}`];
      return policy(`p${i}`, { nodeSelector: { rack: `${i % 100}` }, nicSelector: { pfNames }, numVfs: first + 4 });
    });
    const nodes = Array.from({ length: 500 }, (_, i) => node(`node${i}`, { rack: `${i % 100}` }));
    const nics = nodes.map(({ name }) => nic({ nodeName: name }));
    const plan = planPolicies({ policies, nodes, nics });
    expect(plan.devices.size).to.equal(500);
    for (const { numVfs, vfGroups } of plan.devices.values()) {
      expect(numVfs).to.equal(40);
      expect(vfGroups.length).to.equal(10);
    }
  });

  it("that all want the same VFs of 20 NICs are each told who has them", () => {
    const policies = Array.from({ length: 1000 }, (_, i) => policy(`p${i}`, { priority: i % 100 }));
    const nodes = Array.from({ length: 20 }, (_, i) => node(`node${i}`));
    const plan = planPolicies({ policies, nodes, nics: nodes.map(({ name }) => nic({ nodeName: name })) });
    // Ten policies have priority 0, and the last of their names is p900.
    const winners = [...plan.devices.values()].map(({ vfGroups }) => vfGroups[0]?.policyName);
    expect(winners).to.deep.equal(Array.from({ length: 20 }, () => "p900"));
    const overlaps = [...plan.policies.values()].flatMap(({ matches }) => matches).filter(({ problem }) => problem);
    expect(overlaps.length).to.equal(999 * 20);
  });
});
