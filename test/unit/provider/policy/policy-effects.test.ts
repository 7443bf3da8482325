import { expect } from "chai";
import type { SriovNetworkNodePolicySpec } from "../../../../api/sriov-network-node-policy.js";
import type { PolicyFacts } from "../../../../plan/policies/snapshot.js";
import { destroysSelected, effectsOf, usedThatGo } from "../../../../provider/core/policy/policy-effects.js";
import type { PolicyScene, SceneNic } from "../../../../provider/core/policy/policy-scene.js";
import {
  describeNothingSelected,
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

  it("is a warning for each loss, and one for the refusal that follows", () => {
    const effects = effectsOf(sceneOf({ eno1: { vfs: 1, usedBy: "pod a/b" } }), "p", spec(2, "eno1"));
    const [loss = "", refusal = "", ...others] = describeTroubles(effects, undefined);
    expect(loss).to.contain("node1-eno1: changing numVfs from 1 to 2 destroys its only VF").and.to.contain("pod a/b");
    expect(refusal).to.contain(
      "up will be refused, since VFs that would go are in use: node1-eno1v0 is used by pod a/b",
    );
    expect(others).to.deep.equal([]);
    expect(describeTroubles(effects, "proceed")).to.have.length(1);
  });

  it("is a warning for each NIC that does not get what is asked for", () => {
    const scene = sceneOf({ eno1: { vfs: 2, directOwners: ["person"] }, eno2: {} });
    const [conflict = "", problem = ""] = describeTroubles(effectsOf(scene, "p", spec(8, "eno2")), undefined);
    expect(conflict).to.contain("supports at most 7 VFs");
    expect(problem).to.equal("");
    const [owned = ""] = describeTroubles(effectsOf(scene, "p", spec(3, "eno1")), undefined);
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
