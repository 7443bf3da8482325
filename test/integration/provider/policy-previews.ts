import { expect } from "chai";
import { readImpacts } from "../../../plan/impact/impact.js";
import { A, B, type PolicyProgram } from "./policy-program.js";

/** What is foreseen of policies, on the nodes of a program whose other tests go before: part of their story. */
export function policyPreviews(program: PolicyProgram): void {
  const { inputs, create, remove, check } = program;

  describe("that is looked at in a preview", () => {
    it("is told with its NICs and what they get", async () => {
      const { failures, inputs: checked } = await check({ ...inputs(12, 2), policyName: "prov-preview" });
      expect(failures).to.deep.equal([]);
      const gains = readImpacts(program.told.informed.join("\n")).map(({ object, created }) => [object, created]);
      expect(gains).to.deep.equal([
        [`${A}-nic12`, 2],
        [`${B}-nic12`, 2],
      ]);
      expect(program.told.informed[0]).to.contain("policy prov-preview selects 2 NICs:");
      expect(program.told.informed[0]).to.contain(
        `${A}-nic12 (nic12, 0000:0d:00.0 on node ${A}): 0 → 2 VFs, 0-1 for this policy`,
      );
      expect(checked.clusterUid).to.be.a("string");
    });

    it("gets a name and a namespace, and keeps them when the resource is called otherwise", async () => {
      const { policyName, namespace, ...given } = inputs(12, 2);
      const first = await check(given);
      expect(first.inputs.policyName).to.match(/^prov-12-[0-9a-f]{7}$/);
      expect(first.inputs.namespace).to.equal(namespace);
      const second = await check({ ...given, resourceUrn: "urn:pulumi:t::t::policy::other" }, first.inputs);
      expect(second.inputs.policyName).to.equal(first.inputs.policyName);
      expect(policyName).to.equal("prov-12");
    });

    it("does not count the policy that it is to replace, which goes", async () => {
      // With equal priority the last by name goes first.
      const first = await create(inputs(12, 2, { policyName: "prov-z" }));
      program.told.warned.length = 0;
      await check(inputs(12, 2, { policyName: "prov-y" }));
      expect(program.told.warned).to.deep.equal([]);
      expect(program.told.informed.at(-1)).to.contain("keeps its 2 VFs, 0-1 for this policy");
      await remove(first);
    });

    it("is refused with every NIC that would lose VFs, and who uses them", async () => {
      const { failures } = await check(inputs(8, 4));
      expect(failures.map(({ property }) => property)).to.deep.equal(["numVfs"]);
      const [{ reason } = { reason: "" }] = failures;
      expect(reason).to.contain("VFs in use of 1 NIC would go").and.to.contain("onVfsInUse");
      expect(readImpacts(reason).map(({ object, change }) => [object, change])).to.deep.equal([
        [`${A}-nic8`, "2 → 4 VFs"],
        [`${B}-nic8`, "2 → 4 VFs"],
      ]);
    });

    it("is not refused where the program lets VFs in use go, and warns of them", async () => {
      const { failures } = await check(inputs(8, 4, { onVfsInUse: "proceed" }));
      expect(failures).to.deep.equal([]);
      const outcomes = readImpacts(program.told.warned.join("\n")).map(({ outcome }) => outcome);
      expect(outcomes).to.have.members(["none", "proceeds"]);
    });

    it("is refused under another name where that selects a NIC no more whose VFs are in use", async () => {
      const olds = inputs(8, 2);
      const { failures } = await check(
        { ...olds, policyName: "prov-8-renamed", nicSelector: { pfNames: ["nic12"] } },
        olds,
      );
      expect(failures.map(({ property }) => property)).to.deep.equal(["policyName"]);
      expect(failures[0]?.reason).to.contain("a delete goes by what the state says");
    });

    it("is not refused under another name where that selects the same", async () => {
      const olds = inputs(8, 2);
      const { failures } = await check({ ...olds, policyName: "prov-8-renamed" }, olds);
      expect([failures, program.told.warned]).to.deep.equal([[], []]);
    });

    it("is not refused where the program leaves it as it was, and says that NICs are otherwise", async () => {
      const given = inputs(8, 4);
      const { failures } = await check(given, given);
      expect(failures).to.deep.equal([]);
      expect(program.told.warned).to.have.length(1);
      expect(program.told.warned[0]).to.contain("2 NICs would have another number of VFs").and.to.contain("--refresh");
    });

    it("warns of the VFs of NICs that it selects no more", async () => {
      await check(inputs(7, 2, { nicSelector: { pfNames: ["nic1"] } }));
      const lost = readImpacts(program.told.warned.join("\n")).find(({ object }) => object === `${A}-nic7`);
      expect(lost).to.deep.include({ change: "2 → 0 VFs", destroyed: 2, outcome: "none" });
    });

    it("warns of NICs whose number somebody else has set", async () => {
      await check(inputs(2, 3));
      expect(program.told.warned).to.have.length(1);
      expect(program.told.warned[0]).to.contain(
        `${A}-nic2: spec.numVFS is owned by field manager "person", which has set it to 5`,
      );
    });

    it("warns of NICs that cannot have so many", async () => {
      const { failures } = await check(inputs(12, 17));
      expect(failures).to.deep.equal([]);
      expect(program.told.warned.filter((text) => text.includes("at most 16 VFs"))).to.have.length(2);
    });

    it("warns where it selects nothing, and says why", async () => {
      await check(inputs(12, 2, { nodeSelector: { no: "such" } }));
      expect(program.told.warned).to.deep.equal([
        "policy prov-12 selects no NIC as things are: no node has the labels no=such. up goes through; NICs that fit later " +
          "get their VFs then.",
      ]);
      program.told.warned.length = 0;
      await check(inputs(12, 2, { nicSelector: { pfNames: ["none"] } }));
      expect(program.told.warned[0]).to.contain(
        "nicSelector fits none of the 26 SR-IOV NICs of the 2 nodes with the labels role=prov",
      );
    });

    it("is refused with all that is wrong with it, each at its input", async () => {
      const { failures } = await check({
        ...inputs(12, -1),
        nicSelector: { deviceId: "10", pfNames: ["nic1#3-1"] },
        onVfsInUse: "perhaps" as "refuse",
        maxUnavailable: "0%",
      });
      expect(failures.map(({ property }) => property)).to.have.members([
        "numVfs",
        "nicSelector",
        "nicSelector",
        "onVfsInUse",
        "maxUnavailable",
      ]);
      expect(failures.map(({ reason }) => reason).join("\n")).to.contain(
        "nicSelector.deviceId must be four hex digits",
      );
    });
  });
}
