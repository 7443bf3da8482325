import { expect } from "chai";
import { Annotation } from "../../../../api/names.js";
import type { PciDevice } from "../../../../api/pci-device.js";
import { ClaimReason, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import type { Lab } from "../../../../lab/lab.js";
import { ObjectConflict, specOwners } from "../../../../provider/core/owned-object.js";
import {
  type ClaimOutputs,
  type Created,
  type PartialClaimInputs,
  PartialFailure,
  pciDeviceClaim,
} from "../../../../provider/index.js";
import { sharedLab } from "../../../shared-lab.js";
import { until } from "../../lab/until.js";
import { refusal } from "../../refusal.js";
import { ClaimDriver } from "./driver.js";
import { ScriptedAgent } from "./scripted-agent.js";
import { MORE_TIME } from "../operations.js";

const NOTHING_UNKNOWN: ReadonlySet<string> = new Set();

describe("a PciDeviceClaim resource that is there", () => {
  let lab: Lab;
  let agent: ScriptedAgent;
  let driver: ClaimDriver;
  let device: PciDevice;
  let name: string;
  let created: Created<ClaimOutputs>;

  before(async () => {
    lab = await sharedLab();
    agent = await ScriptedAgent.start(lab, "claims-lifecycle");
    driver = ClaimDriver.open(lab.controlPlane.kubeconfig);
  });
  after(async () => {
    await driver.close();
    await agent.stop();
  });
  beforeEach(async () => {
    driver.told.warned.length = 0;
    device = await agent.device();
    ({ name } = device.metadata);
    created = await driver.create(driver.inputs("vf", { pciDevice: name }, "lifecycle"));
  });

  const live = (): Promise<PciDeviceClaim> => lab.client.get(PCI_DEVICE_CLAIM, name);
  const isThere = (): Promise<boolean> =>
    live().then(
      () => true,
      () => false,
    );
  const edit = (patch: Readonly<Record<string, unknown>>): Promise<PciDeviceClaim> =>
    lab.client.merge(PCI_DEVICE_CLAIM, name, patch, { fieldManager: "kubectl-edit" });
  const program = (more: PartialClaimInputs = {}): PartialClaimInputs => ({ pciDevice: name, ...more });
  /** Another run of a program. */
  async function anotherRun<T>(work: (driver: ClaimDriver) => Promise<T>): Promise<T> {
    const other = ClaimDriver.open(lab.controlPlane.kubeconfig);
    try {
      return await work(other);
    } finally {
      await other.close();
    }
  }

  describe("and is updated", () => {
    it("has another user, and the device stays", async () => {
      const { uid } = (await live()).metadata;
      const { outputs } = await driver.update(created, program({ userName: "alice" }));
      expect(outputs).to.include({ userName: "alice", status: "Enabled", kernelDriverToUnbind: "igbvf" });
      expect((await live()).metadata.uid).to.equal(uid);
    });

    it("is offered under another name by the time it returns", async () => {
      const { outputs } = await driver.update(created, program({ resourceName: "example.com/fast" }));
      expect(outputs.resourceName).to.equal("example.com/fast");
      const { outputs: again } = await driver.update({ id: name, outputs }, program());
      expect(again.resourceName).to.equal(created.outputs.resourceName);
    });

    it("loses what the program leaves out", async () => {
      const more = { resourceName: "example.com/fast", disableResourcePooling: true };
      const changed = await driver.update(created, program(more));
      await driver.update(changed, program());
      const claim = await live();
      expect(claim.spec).not.to.have.property("disableResourcePooling");
      expect(claim.metadata.annotations).not.to.have.property(Annotation.overrideResourceName);
    });

    it("is made anew where somebody deleted it", async () => {
      await lab.client.delete(PCI_DEVICE_CLAIM, name);
      await until(async () => !(await isThere()));
      const { outputs } = await driver.update(created, program());
      expect(outputs.status).to.equal("Enabled");
    });

    it("is refused over somebody's edit of the same field, and takes it with forceConflicts", async () => {
      await edit({ spec: { userName: "mallory" } });
      const error = await refusal(driver.update(created, program({ userName: "alice" })), ObjectConflict);
      expect(error.message).to.contain('spec.userName is owned by field manager "kubectl-edit"');
      await driver.update(created, program({ userName: "alice", forceConflicts: true }));
      expect((await live()).spec.userName).to.equal("alice");
    });

    it("waits for a VF that is away, since it comes back", async () => {
      // What it still has to say of the claim as it was must not be this answer.
      agent.answers.set(name, "silence");
      const updating = driver.update(created, program({ userName: "alice" }));
      await agent.claim(name, ({ spec }) => spec.userName === "alice");
      await agent.answer(name, { reason: ClaimReason.DeviceAway, message: "VF 0 is away" });
      await agent.report(name, { passthroughEnabled: true });
      await agent.answer(name, { reason: ClaimReason.Enabled, message: "" });
      expect((await updating).outputs.status).to.equal("Enabled");
    });

    it("stays where the agent refuses what was handed out before, and keeps a state that says so", async () => {
      agent.answers.set(name, { reason: ClaimReason.InvalidResourceName, message: "no kubelet takes that" });
      const changing = driver.update(created, program({ resourceName: "example.com/other" }));
      const error = await refusal(changing, PartialFailure<ClaimOutputs>);
      expect(error.message).to.equal(`${name}: no kubelet takes that`);
      expect(error.outputs.status).to.equal("InvalidResourceName");
      expect(await isThere()).to.equal(true);
    });
  });

  describe("and is read", () => {
    it("is as it was left where nobody has touched it", async () => {
      expect(await driver.read(created)).to.deep.equal(created.outputs);
    });

    it("shows what somebody has edited, and nothing that is others' to set", async () => {
      await edit({
        metadata: { annotations: { [Annotation.overrideResourceName]: "example.com/theirs" } },
        spec: { userName: "mallory", disableResourcePooling: true },
      });
      const outputs = (await driver.read(created)) ?? expect.fail();
      expect(outputs.userName).to.equal("mallory");
      expect(outputs).not.to.have.any.keys("disableResourcePooling", "givenResourceName");
    });

    it("is nothing where it is gone", async () => {
      await lab.client.delete(PCI_DEVICE_CLAIM, name);
      await until(async () => !(await isThere()));
      expect(await driver.read(created)).to.equal(undefined);
    });

    it("shows what has become of the device, for the next up to wait for", async () => {
      await agent.answer(name, { reason: ClaimReason.KernelRefused, message: "EBUSY" });
      const outputs = (await driver.read(created)) ?? expect.fail();
      expect(outputs).to.include({ status: "KernelRefused", passthroughEnabled: false });
      const { inputs } = await driver.check({ ...program(), resourceUrn: outputs.resourceUrn }, outputs);
      expect(pciDeviceClaim.diff(outputs, inputs, NOTHING_UNKNOWN)).to.deep.equal({
        changed: false,
        unfinished: true,
        replaces: [],
      });
    });

    it("is all of a claim that was looked up by its name", async () => {
      await edit({ metadata: { annotations: { [Annotation.overrideResourceName]: "example.com/theirs" } } });
      const outputs = (await driver.read({ id: name, outputs: {} })) ?? expect.fail();
      expect(outputs).to.include({ claimName: name, userName: "pulumi", givenResourceName: "example.com/theirs" });
      expect(outputs).not.to.have.property("fieldManager");
    });

    it("fails where there is none that is looked up, and lists those that are there", async () => {
      const error = await refusal(driver.read({ id: "no-such", outputs: {} }), Error);
      expect(error.message)
        .to.contain('there is no PCIDeviceClaim "no-such"; the cluster\'s are: ')
        .and.to.contain(name);
    });
  });

  describe("and is deleted", () => {
    it("returns once the claim is gone, which the agent has given up", async () => {
      agent.held.add(name);
      const deleting = driver.delete(created);
      await driver.told.until("Releasing: virtual machine web/vm1 has the device");
      expect(await isThere()).to.equal(true);
      await agent.letGo(name);
      await deleting;
      expect(await isThere()).to.equal(false);
    });

    it("is refused while a virtual machine has the device, which is named, and nothing is changed", async () => {
      await agent.report(name, { usedBy: "virtual machine web/vm1" });
      const error = await refusal(driver.delete(created), Error);
      expect(error.message)
        .to.contain(`${name}: the device is in use by virtual machine web/vm1`)
        .and.to.contain("Stop it first");
      expect((await live()).metadata.deletionTimestamp).to.equal(undefined);
    });

    it("says what was still missing when time ran out, and is gone on with by the next destroy", async () => {
      agent.held.add(name);
      const error = await refusal(driver.delete(created, 1_000), Error);
      expect(error.message).to.equal(
        `${name}: not released in time: Releasing: virtual machine web/vm1 has the device. The next up or destroy waits ` +
          `again. ${MORE_TIME}`,
      );
      const again = driver.delete(created);
      await agent.letGo(name);
      await again;
    });

    it("is done where somebody has deleted it", async () => {
      await lab.client.delete(PCI_DEVICE_CLAIM, name);
      await until(async () => !(await isThere()));
      await driver.delete(created);
    });

    it("leaves a claim alone of which it has set nothing, as one that was imported, and says so", async () => {
      const { fieldManager, ...imported } = created.outputs;
      expect(fieldManager).not.to.equal(undefined);
      driver.told.warned.length = 0;
      await driver.delete({ id: name, outputs: imported });
      expect(driver.warnings.join()).to.contain(`PCIDeviceClaim ${name} stays`);
      expect((await live()).metadata.deletionTimestamp).to.equal(undefined);
    });

    it("leaves a claim alone that somebody has made anew, and says so", async () => {
      await lab.client.delete(PCI_DEVICE_CLAIM, name);
      await until(async () => !(await isThere()));
      const { nodeName, address } = device.status ?? expect.fail();
      const claim: PciDeviceClaim = { metadata: { name }, spec: { nodeName, address, userName: "alice" } };
      await lab.client.create(PCI_DEVICE_CLAIM, claim, { fieldManager: "kubectl-create" });
      driver.told.warned.length = 0;
      await driver.delete(created);
      expect(driver.warnings.join()).to.contain(`PCIDeviceClaim ${name} stays`).and.to.contain('"kubectl-create"');
      expect((await live()).spec.userName).to.equal("alice");
    });
  });

  describe("and is called otherwise", () => {
    it("without an alias, stays, and goes with its new resource", async () => {
      const { uid } = (await live()).metadata;
      await anotherRun(async (other) => {
        const renamed = await other.create(other.inputs("renamed", program(), "lifecycle"));
        await other.delete(created);
        expect((await live()).metadata.uid).to.equal(uid);
        expect(specOwners(await live())).to.deep.equal([renamed.outputs.fieldManager]);
        expect(other.warnings).to.deep.equal([]);
        await other.delete(renamed);
      });
      expect(await isThere()).to.equal(false);
    });

    it("with an alias, leaves nothing to do", async () => {
      await anotherRun(async (other) => {
        const news = other.inputs("renamed", program(), "lifecycle");
        const { inputs } = await other.check(news, created.outputs);
        expect(pciDeviceClaim.diff(created.outputs, inputs, NOTHING_UNKNOWN)).to.deep.equal({
          changed: false,
          unfinished: false,
          replaces: [],
        });
      });
    });

    it("is replaced by itself without a word, and the device stays", async () => {
      const { uid } = (await live()).metadata;
      const { resourceUrn } = created.outputs;
      const again = await driver.createChecked(await driver.checked({ ...program(), resourceUrn }, created.outputs));
      driver.told.warned.length = 0;
      await driver.delete(created);
      expect((await live()).metadata.uid).to.equal(uid);
      expect(driver.warnings).to.deep.equal([]);
      expect(specOwners(await live())).to.deep.equal([again.outputs.fieldManager]);
    });
  });

  describe("on another cluster", () => {
    const strange = (): Created<ClaimOutputs> => ({ ...created, outputs: { ...created.outputs, clusterUid: "other" } });

    it("is neither read nor deleted", async () => {
      for (const attempt of [driver.read(strange()), driver.delete(strange())]) {
        expect((await refusal(attempt, Error)).message).to.contain("belongs to another cluster");
      }
      expect(await isThere()).to.equal(true);
    });

    it("is refused in a preview", async () => {
      const { failures } = await driver.check(program(), strange().outputs);
      expect(failures.map(({ reason }) => reason).join()).to.contain("belongs to another cluster");
    });
  });
});
