import { expect } from "chai";
import { Annotation, RECONCILER_NAMESPACE } from "../../../api/names.js";
import type { Beside } from "../../../provider/core/resource.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { isNotFound } from "../../../kube/errors.js";
import { DisruptionRefused } from "../../../provider/core/device/disruption.js";
import { ObjectConflict } from "../../../provider/core/owned-object.js";
import type { PolicyInputs } from "../../../provider/core/policy/policy-inputs.js";
import type { PolicyOutputs } from "../../../provider/core/policy/policy-outputs.js";
import { sriovNetworkNodePolicy as resource } from "../../../provider/core/policy/sriov-network-node-policy.js";
import { PartialFailure, sriovNetworkDevice } from "../../../provider/index.js";
import { addressOf, countsWritten } from "../agent/hardware.js";
import { refusal } from "../refusal.js";
import { A, B, PolicyProgram } from "./policy-program.js";
import { policyPreviews } from "./policy-previews.js";

describe("a policy of a program", () => {
  const program = new PolicyProgram();
  const { inputs, create, update, remove, live, use } = program;
  before(() => program.start());
  beforeEach(() => program.begin());
  after(() => program.stop());

  describe("that is created", () => {
    it("returns with the VFs of every NIC that it selects", async () => {
      const { matchedDevices, status, fieldManager } = await create(inputs(0, 3));
      expect(matchedDevices.map(({ deviceName, numVfs, vfRange }) => [deviceName, numVfs, vfRange])).to.deep.equal([
        [`${A}-nic0`, 3, "0-2"],
        [`${B}-nic0`, 3, "0-2"],
      ]);
      const { status: device } = await program.people.lab.client.get(SRIOV_NETWORK_DEVICE, `${A}-nic0`);
      expect(matchedDevices[0]?.vfAddresses).to.have.length(3).and.to.deep.equal(device?.vfAddresses);
      expect(status).to.equal("Configured");
      expect(fieldManager).to.match(/^pulumi-sriov-[0-9a-f]{12}-[0-9a-f]{8}$/);
    });

    it("returns at once where it selects nothing", async () => {
      const given = inputs(0, 3, { policyName: "prov-nothing", nodeSelector: { no: "such" } });
      const outputs = await create(given);
      expect([outputs.status, outputs.matchedDevices]).to.deep.equal(["NothingMatched", []]);
      await remove(outputs);
    });

    it("names the NICs that fail, and has the others done", async () => {
      const range = await refusal(
        create(inputs(1, 3, { nicSelector: { pfNames: ["nic1"] }, numVfs: 17 })),
        PartialFailure,
      );
      expect(range.message).to.contain(`policy prov-1: 2 NICs do not have what it asks for:`);
      expect(range.message).to.contain(`${A}-nic1: Invalid: ${A}-nic1`).and.to.contain("at most 16 VFs");
      expect(range.message).not.to.contain("the other NICs");
      await remove(range.outputs);
    });

    it("names the owner of a NIC whose number somebody else has set, and has the others done", async () => {
      await program.people.observer.declare(`${A}-nic2`, 5);
      await program.people.observer.configured(`${A}-nic2`, 5);
      const error = await refusal(create(inputs(2, 3)), PartialFailure);
      expect(error.message).to.contain(`1 NIC does not have what it asks for:\n  - ${A}-nic2: Conflict:`);
      expect(error.message).to.contain('"person"').and.to.contain("What the other NICs were to get, they have.");
      await program.people.configured(`${B}-nic2`, 3);
      await remove(error.outputs);
    });

    it("is not made where VFs in use would go, and says whose they are", async () => {
      const outputs = await create(inputs(3, 2));
      await use(3);
      const second = inputs(3, 4, { policyName: "prov-3-more", priority: 0, resourceName: "more" });
      const error = await refusal(create({ ...second, nicSelector: { pfNames: ["nic3#2-3"] } }), DisruptionRefused);
      expect(error.message).to.contain("policy prov-3-more was not changed: VFs that would go are in use");
      expect(error.message).to.contain("another network namespace").and.to.contain("Nothing was changed.");
      expect(isNotFound(await refusal(live("prov-3-more"), Error))).to.equal(true);
      expect(outputs.matchedDevices).to.have.length(2);
    });

    it("is not made over a policy of somebody else", async () => {
      await program.people.apply("prov-foreign", { nicSelector: { pfNames: ["none"] }, numVfs: 1 });
      const error = await refusal(create(inputs(0, 3, { policyName: "prov-foreign" })), ObjectConflict);
      expect(error.message).to.contain("is owned by field manager").and.to.contain("person");
    });
  });

  describe("that is changed", () => {
    it("has another number on every NIC when update returns", async () => {
      const state = await create(inputs(4, 2));
      const { matchedDevices } = await update(state, inputs(4, 4));
      expect(matchedDevices.map(({ vfAddresses }) => vfAddresses.length)).to.deep.equal([4, 4]);
    });

    it("takes its VFs from NICs that it selects no more", async () => {
      const state = await create(inputs(5, 2));
      const { matchedDevices } = await update(state, inputs(5, 2, { nicSelector: { pfNames: ["nic6"] } }));
      expect(matchedDevices.map(({ interfaceName }) => interfaceName)).to.deep.equal(["nic6", "nic6"]);
      for (const name of [A, B]) {
        const device = await program.people.lab.client.get(SRIOV_NETWORK_DEVICE, `${name}-nic5`);
        expect(device.status?.vfAddresses).to.deep.equal([]);
      }
      expect(matchedDevices.flatMap(({ vfAddresses }) => vfAddresses)).to.have.length(4);
    });

    it("loses no VF by another resource name", async () => {
      const state = await create(inputs(7, 2));
      await update(state, inputs(7, 2, { resourceName: "renamed" }));
      const { spec } = await program.people.lab.client.get(SRIOV_NETWORK_DEVICE, `${A}-nic7`);
      expect(spec.vfGroups?.[0]?.resourceName).to.equal("renamed");
      expect(await countsWritten(program.node.hardware, addressOf(7))).to.deep.equal([2]);
    });

    it("is refused as a whole where VFs in use would go, and nothing is changed", async () => {
      const state = await create(inputs(8, 2));
      await use(8);
      const error = await refusal(update(state, inputs(8, 4)), DisruptionRefused);
      expect(error.message).to.contain("VFs that would go are in use").and.to.contain("onVfsInUse");
      expect((await live("prov-8")).spec.numVfs).to.equal(2);
    });

    it("goes on all the same where the program says so, and nothing of the leave stays", async () => {
      const state = await create(inputs(9, 2));
      await use(9);
      const { matchedDevices } = await update(state, inputs(9, 4, { onVfsInUse: "proceed" }));
      expect(matchedDevices.map(({ vfAddresses }) => vfAddresses.length)).to.deep.equal([4, 4]);
      await program.people.policy(
        "prov-9",
        ({ metadata }) => metadata.annotations?.[Annotation.allowDisruption] === undefined,
      );
    });

    it("fails on what somebody else has set of it, and names who and what", async () => {
      const state = await create(inputs(10, 2));
      await program.people.lab.client.merge(
        SRIOV_NETWORK_NODE_POLICY,
        "prov-10",
        { spec: { numVfs: 3 } },
        { namespace: RECONCILER_NAMESPACE, fieldManager: "kubectl-edit" },
      );
      const error = await refusal(update(state, inputs(10, 4)), ObjectConflict);
      expect(error.message).to.contain('spec.numVfs is owned by field manager "kubectl-edit"');
      const { matchedDevices } = await update(state, inputs(10, 4, { forceConflicts: true }));
      expect(matchedDevices.map(({ numVfs }) => numVfs)).to.deep.equal([4, 4]);
    });

    it("is put back to what it was where an agent refuses, since VFs are in use of which nobody knew", async () => {
      const nicSelector = { pfNames: ["nic1"] };
      const state = await create(inputs(1, 2, { nicSelector }));
      const [address = ""] = state.matchedDevices[0]?.vfAddresses ?? [];
      await program.node.hardware.setInterfaceElsewhere(address, true);
      program.inUse.push(address);
      const error = await refusal(update(state, inputs(1, 4, { nicSelector })), PartialFailure);
      expect(error.message).to.contain(`${A}-nic1: InUse:`).and.to.contain("another network namespace");
      expect(error.message).to.contain("The policy was put back to what it was.");
      expect((error.outputs as PolicyOutputs).numVfs).to.equal(2);
      expect((await live("prov-1")).spec.numVfs).to.equal(2);
      const device = await program.people.configured(`${A}-nic1`, 2);
      expect(device.status?.vfAddresses?.[0]).to.equal(address);
    });

    it("names a NIC whose kernel refuses, in its words, and gives it its VFs with the next up, once the cause is gone", async () => {
      const state = await create(
        inputs(6, 1, { policyName: "prov-6", nicSelector: { pfNames: ["nic0"] }, nodeSelector: { no: "such" } }),
      );
      await program.node.hardware.setEnableLimit(addressOf(5), 1);
      const given = inputs(6, 2, { nicSelector: { pfNames: ["nic5"] } });
      const error = await refusal(update(state, given), PartialFailure<PolicyOutputs>);
      await program.node.hardware.setEnableLimit(addressOf(5), undefined);
      expect(error.message).to.contain(`1 NIC does not have what it asks for:\n  - ${A}-nic5: Failed:`);
      expect(error.message)
        .to.contain("its driver makes no more")
        .and.to.contain("What the other NICs were to get, they have.");
      await program.people.configured(`${B}-nic5`, 2);
      const done = await update(error.outputs, given);
      expect(done.status).to.equal("Configured");
      expect(done.matchedDevices.map(({ vfAddresses }) => vfAddresses.length)).to.deep.equal([2, 2]);
      await remove(done);
    });

    it("is made anew where somebody deleted it", async () => {
      const given = inputs(10, 4, { forceConflicts: true });
      const state =
        (await resource.read(program.told.operation(), `${RECONCILER_NAMESPACE}/prov-10`, given)) ?? expect.fail();
      await program.people.delete("prov-10");
      await update(state, given);
      expect(program.told.warned).to.deep.equal(["policy prov-10 was deleted; it is made anew"]);
      expect((await live("prov-10")).spec.numVfs).to.equal(4);
    });
  });

  describe("that is deleted", () => {
    it("returns when the VFs that were its own are gone", async () => {
      await remove(await create(inputs(11, 2)));
      for (const name of [A, B]) {
        const device = await program.people.lab.client.get(SRIOV_NETWORK_DEVICE, `${name}-nic11`);
        expect([device.spec.numVFS, device.spec.vfGroups, device.status?.vfAddresses]).to.deep.equal([
          0,
          undefined,
          [],
        ]);
      }
    });

    it("is foreseen to take its VFs along, unless another policy wants them by then", async () => {
      const state = await create(inputs(11, 2));
      const foreseen = (...successors: PolicyInputs[]) =>
        resource.foreseeDelete(program.told.operation(), "", state, { successors });
      expect((await foreseen()).map(({ object, change, outcome }) => [object, change, outcome])).to.deep.equal([
        [`${A}-nic11`, "2 → 0 VFs", "none"],
        [`${B}-nic11`, "2 → 0 VFs", "none"],
      ]);
      expect(await foreseen(inputs(11, 2, { policyName: "prov-11-renamed" }))).to.deep.equal([]);
      expect(await foreseen(inputs(11, 2))).to.deep.equal([]);
    });

    it("is not deleted while its VFs are in use, which is foreseen, and says whose they are", async () => {
      const state = await create(inputs(11, 2));
      await use(11);
      const foreseen = await resource.foreseeDelete(program.told.operation(), "", state);
      expect(foreseen.map(({ outcome, inUse }) => [outcome, inUse.length])).to.deep.equal([
        ["refused", 1],
        ["none", 0],
      ]);
      const error = await refusal(remove(state), DisruptionRefused);
      expect(error.message).to.contain("policy prov-11 was not deleted: VFs that would go are in use");
      expect((await live("prov-11")).spec.numVfs).to.equal(2);
      const device = await program.people.lab.client.get(SRIOV_NETWORK_DEVICE, `${A}-nic11`);
      expect(device.status?.vfAddresses).to.have.length(2);
    });

    it("takes VFs in use along where the program says so", async () => {
      // As another create of the same resource, which takes up what is there.
      const state = await create(inputs(11, 2, { onVfsInUse: "proceed" }));
      await remove(state);
      expect(isNotFound(await refusal(live("prov-11"), Error))).to.equal(true);
      const device = await program.people.lab.client.get(SRIOV_NETWORK_DEVICE, `${A}-nic11`);
      expect([device.spec.numVFS, device.status?.vfAddresses]).to.deep.equal([0, []]);
    });

    it("stays where another resource of Pulumi wants the very same, and then goes with that", async () => {
      const first = await create(inputs(11, 2));
      const second = await create(inputs(11, 2, { resourceUrn: "urn:pulumi:t::t::policy::renamed" }));
      await remove(first);
      expect((await live("prov-11")).spec.numVfs).to.equal(2);
      expect(await countsWritten(program.node.hardware, addressOf(11))).to.deep.equal([2, 0, 2, 0, 2]);
      await remove(second);
      expect(isNotFound(await refusal(live("prov-11"), Error))).to.equal(true);
    });

    it("leaves its VFs to one that asks for the same under another name, as by a rename without an alias", async () => {
      const before = await countsWritten(program.node.hardware, addressOf(11));
      const [late, early] = ["prov-z", "prov-y"].map((policyName) =>
        inputs(11, 2, { policyName, resourceUrn: `urn:pulumi:t::t::policy::${policyName}` }),
      );
      const first = await create(late ?? expect.fail());
      // With equal priority the last by name goes first, so that this one gets no VFs yet.
      const second = await create(early ?? expect.fail());
      await remove(first);
      await program.people.ready("prov-y", "Configured");
      expect(await countsWritten(program.node.hardware, addressOf(11))).to.deep.equal([...before, 2]);
      await remove(second);
    });

    it("is foreseen to leave VFs to a resource of the NIC, and to take along what it shares with one that goes before", async () => {
      const state = await create(inputs(11, 2));
      const name = `${A}-nic11`;
      const other = "pulumi-sriov-0123456789ab-01234567";
      const objects = async (beside: Beside<PolicyInputs>): Promise<string[]> =>
        (await resource.foreseeDelete(program.told.operation(), "", state, beside)).map(({ object }) => object);
      expect(await objects({ declared: new Set([name]) })).to.deep.equal([`${B}-nic11`]);
      const count = { metadata: { name }, spec: { numVFS: 2 } };
      const { client } = program.people.lab;
      await client.apply(SRIOV_NETWORK_DEVICE, count, { fieldManager: other });
      expect(await objects({})).to.deep.equal([`${B}-nic11`]);
      expect(await objects({ gone: new Set([other]) })).to.deep.equal([name, `${B}-nic11`]);
      await client.apply(SRIOV_NETWORK_DEVICE, { metadata: { name } }, { fieldManager: other, force: true });
      await remove(state);
    });

    it("is foreseen to take VFs along that another policy wants, which goes before", async () => {
      const state = await create(inputs(11, 2));
      const other = await create(
        inputs(11, 2, { policyName: "prov-11-too", resourceName: "prov_11_too", priority: 50 }),
      );
      const foreseen = (beside?: Beside<PolicyInputs>) =>
        resource.foreseeDelete(program.told.operation(), "", state, beside);
      expect(await foreseen()).to.deep.equal([]);
      expect(await foreseen({ gone: new Set([other.fieldManager ?? ""]) })).to.have.length(2);
      await remove(other);
      await remove(state);
    });

    it("is no matter where it is gone already", async () => {
      await remove({ ...inputs(11, 2), matchedDevices: [], status: "Configured" } as unknown as PolicyOutputs);
    });
  });

  policyPreviews(program);

  describe("that has the NIC of a program's device", () => {
    it("is named in the device's preview, and in the refusal of its change", async () => {
      const resourceUrn = "urn:pulumi:t::t::nic::beside-a-policy";
      const device = { nodeName: B, interfaceName: "nic0", numVfs: 5, resourceUrn };
      await sriovNetworkDevice.check(() => program.told.operation(), {}, device, new Set());
      const owned = `${B}-nic0: spec.numVFS is owned by SriovNetworkNodePolicy "prov-0" (field manager`;
      expect(program.told.warned.join("\n")).to.contain(owned).and.to.contain("up will be refused to change it to 5");
      const error = await refusal(sriovNetworkDevice.create(program.told.operation(), device), Error);
      expect(error.message).to.contain(owned).and.to.contain("change numVfs there or have it select other NICs");
    });
  });

  describe("that is read", () => {
    it("is what somebody has made of it", async () => {
      const outputs = await resource.read(program.told.operation(), `${RECONCILER_NAMESPACE}/prov-0`, inputs(0, 2));
      expect(outputs).to.deep.include({
        numVfs: 3,
        policyName: "prov-0",
        resourceName: "prov_0",
        status: "Configured",
      });
      expect(outputs).not.to.have.property("deviceType");
    });

    it("is found by its name alone, for a program that only looks it up", async () => {
      const outputs = await resource.read(program.told.operation(), "prov-0", {});
      expect(outputs).to.deep.include({ numVfs: 3, namespace: RECONCILER_NAMESPACE, deviceType: "netdevice" });
      expect(outputs?.matchedDevices).to.have.length(2);
    });

    it("is gone where somebody deleted it", async () => {
      const olds = { ...inputs(0, 2), policyName: "prov-gone" };
      expect(await resource.read(program.told.operation(), `${RECONCILER_NAMESPACE}/prov-gone`, olds)).to.equal(
        undefined,
      );
    });

    it("is an error for a program that looks up what is not there", async () => {
      const error = await refusal(resource.read(program.told.operation(), "prov-gone", {}), Error);
      expect(error.message).to.contain('there is no SriovNetworkNodePolicy "prov-gone"').and.to.contain("prov-0");
    });
  });
});
