import { expect } from "chai";
import { NODE } from "../../../../api/core.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import type { Lab } from "../../../../lab/lab.js";
import { type ClaimOutputs, type Created, PartialFailure } from "../../../../provider/index.js";
import { sharedLab } from "../../../shared-lab.js";
import { until } from "../../lab/until.js";
import { refusal } from "../../refusal.js";
import { ClaimDriver } from "./driver.js";
import { ScriptedAgent } from "./scripted-agent.js";

describe("a PciDeviceClaim resource to which nobody answers", () => {
  let lab: Lab;
  let agent: ScriptedAgent;
  let driver: ClaimDriver;
  let name: string;

  before(async () => {
    lab = await sharedLab();
  });
  beforeEach(async () => {
    agent = await ScriptedAgent.start(lab, "claims-silence");
    driver = ClaimDriver.open(lab.controlPlane.kubeconfig);
    ({ name } = (await agent.device()).metadata);
  });
  afterEach(async () => {
    await driver.close();
    await agent.stop();
  });

  const create = (ms?: number): Promise<Created<ClaimOutputs>> =>
    driver.create(driver.inputs("vf", { pciDevice: name }), ms);
  const isThere = (): Promise<boolean> =>
    lab.client.get(PCI_DEVICE_CLAIM, name).then(
      () => true,
      () => false,
    );
  /** As an agent that is gone leaves it. */
  const letGo = (): Promise<PciDeviceClaim> =>
    lab.client.merge(PCI_DEVICE_CLAIM, name, { metadata: { finalizers: null } }, { fieldManager: "kubectl-edit" });

  it("says so while it waits, and when time has run out, with what to do; and is deleted all the same", async () => {
    agent.answers.set(name, "silence");
    const error = await refusal(create(6_500), PartialFailure<ClaimOutputs>);
    const words = "the agent on node claims-silence does not answer; check the reconciler on that node";
    expect(error.message).to.contain(`${name}: not handed out in time: ${words}. The claim stands`);
    expect(driver.warnings).to.deep.equal([words]);
    expect(error.outputs.status).to.equal("");
    await driver.delete({ id: error.id, outputs: error.outputs });
    expect(await isThere()).to.equal(false);
  });

  it("waits for the agent to give the device back, and says who does not answer", async () => {
    const created = await create();
    agent.answers.set(name, "silence");
    const error = await refusal(driver.delete(created, 6_500), Error);
    expect(error.message).to.contain(`${name}: not released in time: the agent on node claims-silence does not answer`);
    expect(driver.told.statuses).to.include(
      "the claim is still there, kept by its finalizer devices.harvesterhci.io/release",
    );
    await letGo();
    await until(async () => !(await isThere()));
  });

  it("hears an agent that has answered to an earlier destroy", async () => {
    const created = await create();
    agent.held.add(name);
    for (const ms of [1_500, 6_500]) {
      const error = await refusal(driver.delete(created, ms), Error);
      expect(error.message).to.contain("not released in time: Releasing: virtual machine web/vm1 has the device");
    }
    expect(driver.warnings).to.deep.equal([]);
    await agent.letGo(name);
    await until(async () => !(await isThere()));
  });

  it("names the controller where the node is gone", async () => {
    const created = await create();
    agent.answers.set(name, "silence");
    await lab.client.delete(NODE, agent.nodeName);
    const error = await refusal(driver.delete(created, 6_500), Error);
    expect(error.message).to.contain(
      `not released in time: node claims-silence is gone, and the controller, which lets go of claims there, does not ` +
        `answer; check that the reconciler's controller runs in the cluster. The next up or destroy waits again.`,
    );
    const controller = await lab.startController();
    await driver.delete(created);
    await controller.stop();
    expect(await isThere()).to.equal(false);
  });
});
