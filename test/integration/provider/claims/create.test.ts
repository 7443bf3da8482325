import { expect } from "chai";
import { Annotation, isProviderFieldManager } from "../../../../api/names.js";
import { ClaimReason, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import type { Lab } from "../../../../lab/lab.js";
import { ObjectConflict, specOwners } from "../../../../provider/core/owned-object.js";
import { type ClaimOutputs, type Created, PartialFailure } from "../../../../provider/index.js";
import { sharedLab } from "../../../shared-lab.js";
import { refusal } from "../../refusal.js";
import { ClaimDriver } from "./driver.js";
import { ScriptedAgent } from "./scripted-agent.js";
import { MORE_TIME } from "../operations.js";

describe("a PciDeviceClaim resource that is created", () => {
  let lab: Lab;
  let agent: ScriptedAgent;
  let driver: ClaimDriver;

  before(async () => {
    lab = await sharedLab();
    agent = await ScriptedAgent.start(lab, "claims-create");
    driver = ClaimDriver.open(lab.controlPlane.kubeconfig);
  });
  after(async () => {
    await driver.close();
    await agent.stop();
  });

  const live = (name: string): Promise<PciDeviceClaim> => lab.client.get(PCI_DEVICE_CLAIM, name);
  const isThere = (name: string): Promise<boolean> =>
    live(name).then(
      () => true,
      () => false,
    );
  const claimed = (pciDevice: string, ms?: number): Promise<Created<ClaimOutputs>> =>
    driver.create(driver.inputs("vf", { pciDevice }), ms);
  /** Of a device that is listed, or whatever else is said of it. */
  async function create(more = {}): Promise<Created<ClaimOutputs>> {
    const { metadata } = await agent.device();
    return driver.create(driver.inputs("vf", { pciDevice: metadata.name, ...more }));
  }

  it("returns once the device is handed out, with its name, its driver and where it is", async () => {
    const device = await agent.device();
    const { name } = device.metadata;
    const { id, outputs } = await driver.create(driver.inputs("vf", { pciDevice: name }));
    expect(id).to.equal(name);
    const { address = "" } = device.status ?? {};
    expect(outputs).to.include({ claimName: name, pciDevice: name, nodeName: agent.nodeName, address });
    expect(outputs).to.include({ passthroughEnabled: true, status: "Enabled", userName: "pulumi" });
    expect(outputs).to.include({
      kernelDriverToUnbind: "igbvf",
      resourceName: "intel.com/82576_VIRTUAL_FUNCTION",
    });
    expect((await live(name)).spec).to.deep.equal({ address, nodeName: agent.nodeName, userName: "pulumi" });
  });

  it("is the same for node and address as for the PCIDevice's name", async () => {
    const { metadata, status } = await agent.device();
    const { nodeName = "", address = "" } = status ?? {};
    const { id, outputs } = await driver.create(driver.inputs("vf", { nodeName, address }));
    expect(id).to.equal(metadata.name);
    expect(outputs.pciDevice).to.equal(metadata.name);
  });

  it("owns what it has set under a field manager of its own, and nothing else", async () => {
    const { id, outputs } = await create();
    const claim = await live(id);
    expect(specOwners(claim)).to.deep.equal([outputs.fieldManager]);
    const own = (claim.metadata.managedFields ?? []).filter(({ manager = "" }) => isProviderFieldManager(manager));
    expect(own.map(({ fieldsV1 }) => fieldsV1)).to.deep.equal([
      {
        "f:metadata": { "f:annotations": { [`f:${Annotation.program}`]: {} } },
        "f:spec": { "f:address": {}, "f:nodeName": {}, "f:userName": {} },
      },
    ]);
  });

  it("gives the claim the name to offer the device under, and its pool", async () => {
    const { id } = await create({ resourceName: "example.com/fast", disableResourcePooling: true, userName: "alice" });
    const { metadata, spec } = await live(id);
    expect(metadata.annotations?.[Annotation.overrideResourceName]).to.equal("example.com/fast");
    expect(spec).to.include({ disableResourcePooling: true, userName: "alice" });
  });

  it("names its program on the claim", async () => {
    const { metadata } = await agent.device();
    await driver.create(driver.inputs("vf", { pciDevice: metadata.name }, "staging"));
    expect((await live(metadata.name)).metadata.annotations?.[Annotation.program]).to.equal("test/staging");
  });

  it("can be of a device that is only listed once it is claimed", async () => {
    const { id, outputs } = await driver.create(
      driver.inputs("gpu", { nodeName: agent.nodeName, address: "0000:65:00.0" }),
    );
    expect([id, outputs.passthroughEnabled]).to.deep.equal(["claims-create-000065000", true]);
    expect(driver.warnings).to.have.length(1);
    expect(driver.warnings[0]).to.contain("claims-create has not listed a PCI device at 0000:65:00.0");
  });

  for (const reason of [
    ClaimReason.InUse,
    ClaimReason.GroupInUse,
    ClaimReason.NoIommu,
    ClaimReason.ModuleMissing,
    ClaimReason.NotEligible,
    ClaimReason.Duplicate,
    ClaimReason.InvalidResourceName,
    ClaimReason.DeviceAway,
  ]) {
    it(`fails with the agent's words where it answers ${reason}, and leaves neither claim nor state`, async () => {
      const { metadata } = await agent.device();
      agent.answers.set(metadata.name, { reason, message: "because of this. Do that." });
      const error = await refusal(claimed(metadata.name), Error);
      expect(error).not.to.be.instanceOf(PartialFailure);
      expect(error.message).to.equal(`${metadata.name}: because of this. Do that. The claim was deleted again.`);
      expect(await isThere(metadata.name)).to.equal(false);
    });
  }

  it("goes on where the rest of the device's IOMMU group is claimed right after it", async () => {
    const { metadata } = await agent.device();
    agent.answers.set(metadata.name, { reason: ClaimReason.GroupInUse, message: "the other is not claimed" });
    const creating = claimed(metadata.name);
    const isRefused = ({ status }: PciDeviceClaim) => status?.conditions?.[0]?.reason === ClaimReason.GroupInUse;
    await agent.claim(metadata.name, isRefused);
    agent.answers.delete(metadata.name);
    await agent.answer(metadata.name, { reason: ClaimReason.Enabled, message: "" });
    expect((await creating).outputs.status).to.equal("Enabled");
  });

  for (const reason of [ClaimReason.Binding, ClaimReason.UsersUnknown, ClaimReason.KernelRefused]) {
    it(`waits while the agent answers ${reason}`, async () => {
      const { metadata } = await agent.device();
      agent.answers.set(metadata.name, { reason, message: "not yet" });
      const creating = claimed(metadata.name);
      await driver.told.until(`${reason}: not yet`);
      agent.answers.delete(metadata.name);
      await agent.answer(metadata.name, { reason: ClaimReason.Enabled, message: "" });
      expect((await creating).outputs.status).to.equal("Enabled");
    });
  }

  it("ends with what was still missing when time ran out, keeps the claim, and is gone on with by the next up", async () => {
    const { metadata } = await agent.device();
    agent.answers.set(metadata.name, { reason: ClaimReason.KernelRefused, message: "EBUSY. It is tried again." });
    const error = await refusal(claimed(metadata.name, 1_000), PartialFailure<ClaimOutputs>);
    expect(error.message).to.equal(
      `${metadata.name}: not handed out in time: KernelRefused: EBUSY. It is tried again. The claim stands; the next up ` +
        `goes on from here. ${MORE_TIME}`,
    );
    expect(error.outputs).to.include({ status: "KernelRefused", passthroughEnabled: false });
    await agent.answer(metadata.name, { reason: ClaimReason.Enabled, message: "" });
    const { id, outputs } = error;
    expect((await driver.update({ id, outputs }, { pciDevice: metadata.name })).outputs.status).to.equal("Enabled");
  });

  it("keeps a state of a refused claim that could not be deleted again, and says why", async () => {
    const { metadata } = await agent.device();
    agent.answers.set(metadata.name, { reason: ClaimReason.NoIommu, message: "no IOMMU." });
    agent.held.add(metadata.name);
    const error = await refusal(claimed(metadata.name, 1_500), PartialFailure<ClaimOutputs>);
    expect(error.message).to.contain(`${metadata.name}: no IOMMU. The claim could not be deleted again:`);
    await agent.letGo(metadata.name);
  });

  it("fails where somebody deletes the claim meanwhile", async () => {
    const { metadata } = await agent.device();
    agent.answers.set(metadata.name, { reason: ClaimReason.Binding, message: "at work" });
    const creating = refusal(claimed(metadata.name), PartialFailure<ClaimOutputs>);
    await agent.claim(metadata.name, ({ status }) => status !== undefined);
    agent.held.add(metadata.name);
    await lab.client.delete(PCI_DEVICE_CLAIM, metadata.name);
    expect((await creating).message).to.contain("somebody is deleting the claim. Run up again once it is gone.");
    await agent.letGo(metadata.name);
  });

  describe("where there is a claim already", () => {
    it("fails with its user and its owner, and leaves it as it is", async () => {
      const { metadata, status } = await agent.device();
      const { nodeName = "", address = "" } = status ?? {};
      const inputs = await driver.checked(driver.inputs("vf", { pciDevice: metadata.name }));
      const claim: PciDeviceClaim = {
        metadata: { name: metadata.name },
        spec: { nodeName, address, userName: "alice" },
      };
      await lab.client.create(PCI_DEVICE_CLAIM, claim, { fieldManager: "kubectl-create" });
      const error = await refusal(driver.createChecked(inputs), ObjectConflict);
      expect(error.message)
        .to.contain(`${metadata.name} is claimed already, by user "alice" (field manager "kubectl-create")`)
        .and.to.contain(`kubectl delete pcideviceclaim ${metadata.name}`);
      expect((await live(metadata.name)).spec.userName).to.equal("alice");
    });

    it("takes it over with forceConflicts", async () => {
      const { metadata, status } = await agent.device();
      const { nodeName = "", address = "" } = status ?? {};
      const claim: PciDeviceClaim = {
        metadata: { name: metadata.name },
        spec: { nodeName, address, userName: "alice" },
      };
      await lab.client.create(PCI_DEVICE_CLAIM, claim, { fieldManager: "kubectl-create" });
      const inputs = driver.inputs("vf", { pciDevice: metadata.name, userName: "bob", forceConflicts: true });
      const { outputs } = await driver.create(inputs);
      expect(outputs).to.include({ userName: "bob", status: "Enabled" });
    });

    it("fails with the program that has it, though that one wants the very same", async () => {
      const { metadata } = await agent.device();
      const other = ClaimDriver.open(lab.controlPlane.kubeconfig);
      const inputs = await driver.checked(driver.inputs("vf", { pciDevice: metadata.name }, "second"));
      await other.create(other.inputs("vf", { pciDevice: metadata.name }, "first"));
      await other.close();
      const error = await refusal(driver.createChecked(inputs), ObjectConflict);
      expect(error.message).to.contain(`claimed already, by user "pulumi" in the Pulumi program test/first`);
    });

    it("takes up again what an interrupted create has left", async () => {
      const { metadata } = await agent.device();
      const inputs = await driver.checked(driver.inputs("vf", { pciDevice: metadata.name }));
      await driver.createChecked(inputs);
      const { outputs } = await driver.createChecked(inputs);
      expect(specOwners(await live(metadata.name))).to.deep.equal([outputs.fieldManager]);
    });
  });
});
