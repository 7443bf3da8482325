import { expect } from "chai";
import type { SriovNetworkNodePolicySpec } from "../../../../api/sriov-network-node-policy.js";
import { readImpacts } from "../../../../plan/impact/impact.js";
import type { PolicyFacts } from "../../../../plan/policies/snapshot.js";
import { WAYS_OUT } from "../../../../provider/core/device/disruption.js";
import { destroysSelected, effectsOf, usedThatGo } from "../../../../provider/core/policy/policy-effects.js";
import {
  changeImpacts,
  describeGains,
  describeLosses,
  refusalOf,
} from "../../../../provider/core/policy/policy-impact.js";
import type { PolicyScene, SceneNic } from "../../../../provider/core/policy/policy-scene.js";
import {
  describeNothingSelected,
  describeOtherwise,
  describeSelected,
  describeTroubles,
} from "../../../../provider/core/policy/policy-words.js";

interface Nic extends Partial<Omit<SceneNic, "facts" | "present">> {
  readonly vfs?: number;
  readonly usedBy?: string;
}

const NODE_NAME = "node1";

function sceneOf(nics: Readonly<Record<string, Nic>>, policies: readonly PolicyFacts[] = []): PolicyScene {
  const entries = Object.entries(nics).map(([interfaceName, nic], index): [string, SceneNic] => {
    const { vfs = 0, usedBy, asked = vfs, askedByPolicies = vfs > 0, directOwners = [] } = nic;
    const device = `${NODE_NAME}-${interfaceName}`;
    const facts = {
      device,
      nodeName: NODE_NAME,
      address: `0000:0${index}:00.0`,
      interfaceName,
      alternativeNames: [],
      vendorId: "8086",
      deviceId: "10c9",
      totalVfs: 7,
      linkType: undefined,
      netFilter: undefined,
    };
    const virtualFunctions = Array.from({ length: vfs }, (_, vf) => ({ address: `${device}v${vf}`, usedBy }));
    return [device, { facts, present: { numVfs: vfs, virtualFunctions }, asked, askedByPolicies, directOwners }];
  });
  const snapshot = {
    policies,
    nodes: [{ name: NODE_NAME, labels: { role: "worker" } }],
    nics: entries.map(([, { facts }]) => facts),
  };
  return { snapshot, nics: new Map(entries) };
}

function spec(numVfs: number, ...pfNames: string[]): SriovNetworkNodePolicySpec {
  return { resourceName: "storage", nodeSelector: {}, nicSelector: { pfNames }, numVfs };
}

describe("what a policy does to NICs", () => {
  it("is VFs for those that have none", () => {
    const { selected, lost } = effectsOf(sceneOf({ eno1: {} }), "p", spec(2, "eno1"));
    expect(selected.map(({ match, change }) => [match.device, match.vfRange, change.from, change.to])).to.deep.equal([
      ["node1-eno1", "0-1", 0, 2],
    ]);
    expect(lost).to.deep.equal([]);
  });

  it("is nothing where they have what it asks for", () => {
    const effects = effectsOf(sceneOf({ eno1: { vfs: 2 } }), "p", spec(2, "eno1"));
    expect(effects.selected[0]?.change.writes).to.deep.equal([]);
    expect(destroysSelected(effects)).to.equal(false);
  });

  it("is the loss of all VFs where it asks for others", () => {
    const effects = effectsOf(sceneOf({ eno1: { vfs: 2, usedBy: "pod a/b" } }), "p", spec(3, "eno1"));
    expect(destroysSelected(effects)).to.equal(true);
    expect(usedThatGo(effects).map(({ address }) => address)).to.deep.equal(["node1-eno1v0", "node1-eno1v1"]);
  });

  it("is the loss of the VFs of NICs that it selects no more", () => {
    const before = [{ name: "p", spec: spec(2, "eno1", "eno2") }];
    const scene = sceneOf({ eno1: { vfs: 2 }, eno2: { vfs: 2, usedBy: "pod a/b" } }, before);
    const effects = effectsOf(scene, "p", spec(2, "eno1"));
    expect(effects.lost.map(({ match, change }) => [match.device, change.to])).to.deep.equal([["node1-eno2", 0]]);
    expect(usedThatGo(effects)).to.have.length(2);
    expect(destroysSelected(effects)).to.equal(false);
  });

  it("takes nothing from a NIC that another policy has too", () => {
    const other = { name: "other", spec: { ...spec(2, "eno1"), resourceName: "other" } };
    const scene = sceneOf({ eno1: { vfs: 2 } }, [{ name: "p", spec: spec(2, "eno1") }, other]);
    expect(effectsOf(scene, "p", undefined).lost[0]?.change.to).to.equal(2);
  });

  it("takes nothing from a NIC whose number somebody has set directly", () => {
    const scene = sceneOf({ eno1: { vfs: 2, directOwners: ["person"] } }, [{ name: "p", spec: spec(2, "eno1") }]);
    expect(effectsOf(scene, "p", undefined).lost[0]?.change.to).to.equal(2);
  });

  it("takes nothing that policies have not asked for", () => {
    const scene = sceneOf({ eno1: { vfs: 2, askedByPolicies: false } }, [{ name: "p", spec: spec(3, "eno1") }]);
    expect(effectsOf(scene, "p", undefined).lost[0]?.change.to).to.equal(2);
  });

  it("is a conflict, and no change, where somebody has set another number", () => {
    const { selected } = effectsOf(sceneOf({ eno1: { vfs: 2, directOwners: ["person"] } }), "p", spec(3, "eno1"));
    expect(selected[0]?.conflict).to.deep.equal({ owners: ["person"], count: 2 });
    expect(selected[0]?.change.writes).to.deep.equal([]);
  });

  it("is no conflict where somebody has set the same number", () => {
    const { selected } = effectsOf(sceneOf({ eno1: { vfs: 3, directOwners: ["person"] } }), "p", spec(3, "eno1"));
    expect(selected[0]?.conflict).to.equal(undefined);
  });

  it("changes nothing where a NIC cannot have so many", () => {
    const { selected } = effectsOf(sceneOf({ eno1: { vfs: 2 } }), "p", spec(9, "eno1"));
    expect(selected[0]?.problem?.kind).to.equal("tooMany");
    expect(selected[0]?.change.writes).to.deep.equal([]);
  });
});

const REFUSE = { onVfsInUse: undefined, usersKnown: true };

describe("what a preview says of a policy", () => {
  it("is a line for each NIC", () => {
    const effects = effectsOf(
      sceneOf({ eno1: {}, eno2: { vfs: 2 }, eno3: { vfs: 1 } }),
      "p",
      spec(2, "eno1", "eno2", "eno3"),
    );
    expect(describeSelected("p", effects)).to.equal(
      [
        "policy p selects 3 NICs:",
        "  - node1-eno1 (eno1, 0000:00:00.0 on node node1): 0 → 2 VFs, 0-1 for this policy",
        "  - node1-eno2 (eno2, 0000:01:00.0 on node node1): keeps its 2 VFs, 0-1 for this policy",
        "  - node1-eno3 (eno3, 0000:02:00.0 on node node1): 1 → 2 VFs, 0-1 for this policy, which destroys 1 VF",
      ].join("\n"),
    );
  });

  it("is cut where nobody could read it", () => {
    const nics = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`eno${index}`, {}]));
    const lines =
      describeSelected("p", effectsOf(sceneOf(nics), "p", spec(2, ...Object.keys(nics))))?.split("\n") ?? [];
    expect(lines).to.have.length(52);
    expect(lines.at(-1)).to.equal("  and 10 more");
  });

  it("is a paragraph for each NIC that loses VFs, where nobody uses them", () => {
    const effects = effectsOf(sceneOf({ eno1: { vfs: 1 }, eno2: {} }), "p", spec(2, "eno1", "eno2"));
    const impacts = changeImpacts(effects, REFUSE);
    expect(refusalOf("p", impacts, WAYS_OUT)).to.equal(undefined);
    expect(describeLosses(impacts)).to.deep.equal([
      "impact on NIC node1-eno1 of node node1: 1 → 2 VFs; 1 VF destroyed, 2 VFs created (Linux changes a VF count only by way " +
        "of 0). Nothing that is in use goes. What goes:\n  - node1-eno1v0",
    ]);
    expect(describeGains(impacts)).to.equal(
      "impact on NIC node1-eno2 of node node1: 0 → 2 VFs; 2 VFs created. Nothing that is in use goes.",
    );
  });

  it("is one refusal with every NIC that would lose VFs, where any of them is in use", () => {
    const scene = sceneOf({ eno1: { vfs: 1, usedBy: "pod a/b" }, eno2: { vfs: 1 }, eno3: {} });
    const impacts = changeImpacts(effectsOf(scene, "p", spec(2, "eno1", "eno2", "eno3")), REFUSE);
    const refusal = refusalOf("p", impacts, WAYS_OUT) ?? "";
    expect(refusal).to.match(/^policy p: VFs in use of 1 NIC would go\. Release them, or set onVfsInUse: "proceed"/);
    expect(readImpacts(refusal).map(({ object, outcome, inUse }) => [object, outcome, inUse])).to.deep.equal([
      ["node1-eno1", "refused", [{ address: "node1-eno1v0", usedBy: "pod a/b" }]],
      ["node1-eno2", "none", []],
    ]);
  });

  it("is no refusal where the program lets VFs in use go", () => {
    const effects = effectsOf(sceneOf({ eno1: { vfs: 1, usedBy: "pod a/b" } }), "p", spec(2, "eno1"));
    const impacts = changeImpacts(effects, { ...REFUSE, onVfsInUse: "proceed" });
    expect(refusalOf("p", impacts, WAYS_OUT)).to.equal(undefined);
    expect(readImpacts(describeLosses(impacts).join("\n"))[0]?.outcome).to.equal("proceeds");
  });

  it("is that VFs in use stay for now where the policy selects their NIC no more, even with proceed", () => {
    const policies = [{ name: "p", spec: spec(1, "eno1") }];
    const scene = sceneOf({ eno1: { vfs: 1, usedBy: "pod a/b" }, eno2: {} }, policies);
    const impacts = changeImpacts(effectsOf(scene, "p", spec(1, "eno2")), { ...REFUSE, onVfsInUse: "proceed" });
    expect(impacts.map(({ impact: { object, outcome } }) => [object, outcome])).to.deep.equal([
      ["node1-eno2", "none"],
      ["node1-eno1", "none"],
    ]);
    expect(impacts[1]?.impact.change).to.equal("1 → 0 VFs once nobody uses them (now: pod a/b)");
  });

  it("is that nobody knows where the cluster does not tell users", () => {
    const effects = effectsOf(sceneOf({ eno1: { vfs: 1 } }), "p", spec(2, "eno1"));
    const [loss = ""] = describeLosses(changeImpacts(effects, { ...REFUSE, usersKnown: false }));
    expect(readImpacts(loss)[0]?.outcome).to.equal("unknown");
    expect(loss).to.contain("drains the node first");
  });

  it("of one that the program leaves as it was is only that NICs are otherwise", () => {
    const effects = effectsOf(sceneOf({ eno1: { vfs: 1 }, eno2: { vfs: 2 } }), "p", spec(2, "eno1", "eno2"));
    const otherwise = describeOtherwise("p", effects) ?? "";
    expect(otherwise).to.contain("1 NIC would have another number of VFs").and.to.contain("- node1-eno1: 1 → 2 VFs");
    expect(readImpacts(otherwise)).to.deep.equal([]);
    expect(describeOtherwise("p", effectsOf(sceneOf({ eno1: { vfs: 2 } }), "p", spec(2, "eno1")))).to.equal(undefined);
  });

  it("is a warning for each NIC that does not get what is asked for", () => {
    const scene = sceneOf({ eno1: { vfs: 2, directOwners: ["person"] }, eno2: {} });
    const [conflict = "", problem = ""] = describeTroubles(effectsOf(scene, "p", spec(8, "eno2")));
    expect(conflict).to.contain("supports at most 7 VFs");
    expect(problem).to.equal("");
    const [owned = ""] = describeTroubles(effectsOf(scene, "p", spec(3, "eno1")));
    expect(owned).to.contain('node1-eno1: spec.numVFS is owned by field manager "person", which has set it to 2');
  });

  it("says which selector fits nothing", () => {
    const scene = sceneOf({ eno1: {} });
    const told = (wanted: SriovNetworkNodePolicySpec): string => describeNothingSelected("p", wanted, scene);
    expect(told({ ...spec(1, "eno1"), nodeSelector: { role: "other" } })).to.contain(
      "no node has the labels role=other",
    );
    expect(told(spec(1, "eno9"))).to.contain("nicSelector fits none of the 1 SR-IOV NIC of the 1 node");
  });
});
