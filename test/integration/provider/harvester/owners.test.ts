import { expect } from "chai";
import { PCI_DEVICE_CLAIM } from "../../../../api/pci-device-claim.js";
import { HARVESTER_WAYS_OUT } from "../../../../provider/core/device/harvester-write.js";
import { type DeviceOutputs, PartialFailure, updateDevice } from "../../../../provider/index.js";
import { HarvesterCluster, NODE_NAME } from "../../../harvester/harvester-cluster.js";
import type { HarvesterNic } from "../../../harvester/harvester-hardware.js";
import { objectName } from "../../../harvester/harvester-controller.js";
import { refusal } from "../../refusal.js";
import { DeviceDriver } from "./device-driver.js";

/** Harvester guards neither owners nor users, so the provider does. */
describe("on Harvester, a count that somebody else has set or uses", () => {
  let harvester: HarvesterCluster;
  let driver: DeviceDriver;

  before(async () => {
    harvester = await HarvesterCluster.start();
    driver = DeviceDriver.open(harvester.lab.controlPlane.kubeconfig);
  });
  after(async () => {
    await driver.close();
    await harvester.stop();
  });

  /** A program that is begun now: it sees the cluster as it is. */
  function begun(): DeviceDriver {
    return DeviceDriver.open(harvester.lab.controlPlane.kubeconfig);
  }
  async function claim(address: string): Promise<string> {
    const name = `${NODE_NAME}-${address.replace(/[:.]/g, "")}`;
    const spec = { address, nodeName: NODE_NAME, userName: "alice" };
    await harvester.lab.client.create(PCI_DEVICE_CLAIM, { metadata: { name }, spec }, { fieldManager: "alice" });
    return name;
  }
  const edited = async (nic: HarvesterNic, numVfs: number): Promise<void> => {
    await harvester.edit(nic, numVfs);
    await harvester.until(nic, ({ status }) => (status?.vfAddresses ?? []).length === numVfs);
  };

  it("is foretold in a preview and refused in up, by name, with nothing changed", async () => {
    const nic = harvester.freshNic();
    await edited(nic, 2);
    const program = begun();
    const inputs = await program.checked(program.inputs(nic, 4));
    expect(program.warnings.join("\n")).to.contain(
      'spec.numVFs is owned by field manager "harvester", which has set it to 2, so up will be refused',
    );
    const error = await refusal(program.createChecked(inputs), Error);
    expect(error.message).to.contain('spec.numVFs is owned by field manager "harvester"');
    expect((await harvester.device(nic)).spec.numVFs).to.equal(2);
    await program.close();
  });

  it("is taken over with forceConflicts", async () => {
    const nic = harvester.freshNic();
    await edited(nic, 2);
    const { outputs } = await driver.create(driver.inputs(nic, 4, { forceConflicts: true }));
    expect(outputs.vfAddresses).to.have.length(4);
    expect(await harvester.owners(nic)).to.deep.equal([outputs.fieldManager]);
  });

  it("stays at delete where it is the same, with a warning that names the other owner", async () => {
    const nic = harvester.freshNic();
    await edited(nic, 2);
    const created = await driver.create(driver.inputs(nic, 2));
    await driver.delete(created);
    expect(driver.warnings.join("\n")).to.contain('keeps 2 VFs: field manager "harvester" owns spec.numVFs too');
    expect(harvester.hardware.numVfs(nic)).to.equal(2);
  });

  it("stays at delete where somebody has taken it over, with a warning that names him", async () => {
    const nic = harvester.freshNic();
    const created = await driver.create(driver.inputs(nic, 2));
    await edited(nic, 0);
    await edited(nic, 3);
    await driver.delete(created);
    expect(driver.warnings.join("\n")).to.contain('keeps 3 VFs: field manager "harvester" owns spec.numVFs too');
  });

  it("is named where it was set while the VFs were on their way down", async () => {
    const nic = harvester.freshNic();
    const created = await driver.create(driver.inputs(nic, 2));
    await harvester.stopController();
    const updating = refusal(driver.update(created, driver.inputs(nic, 4)), PartialFailure<DeviceOutputs>);
    await harvester.until(nic, ({ spec }) => spec.numVFs === 0);
    await harvester.edit(nic, 5);
    expect((await updating).message).to.contain('the count was changed to 5 by "harvester" while 0 was waited for');
    await harvester.startController();
  });

  it("is no other's where a change of the same resource was cut off half-way", async () => {
    const nic = harvester.freshNic();
    const inputs = driver.inputs(nic, 2);
    await driver.create(inputs);
    await harvester.stopController();
    await refusal(driver.create({ ...inputs, numVfs: 4, forceConflicts: true }, 300), Error);
    await harvester.startController();
    const { outputs } = await driver.create({ ...inputs, numVfs: 4 });
    expect(outputs.vfAddresses).to.have.length(4);
    expect(await harvester.owners(nic)).to.deep.equal([outputs.fieldManager]);
  });

  it("is refused in a preview while a VF is claimed, and the claim is named with its user", async () => {
    const nic = harvester.freshNic();
    const created = await driver.create(driver.inputs(nic, 2));
    const name = await claim(created.outputs.vfAddresses[1] ?? "");
    const program = begun();
    const { failures } = await program.check({ ...program.inputs(nic, 4), forceConflicts: true });
    await program.close();
    expect(failures[0]?.reason).to.contain(`used by claim ${name} of alice`).and.to.contain(HARVESTER_WAYS_OUT);
  });

  it("is refused in up where a VF was claimed since the preview", async () => {
    const nic = harvester.freshNic();
    const { id, outputs } = await driver.create(driver.inputs(nic, 2));
    const name = await claim(outputs.vfAddresses[1] ?? "");
    const error = await refusal(updateDevice(driver.told.operation(), id, outputs, { ...outputs, numVfs: 4 }), Error);
    expect(error.message)
      .to.contain(`${objectName(nic)}: numVfs was not changed from 2 to 4`)
      .and.to.contain(`is used by claim ${name} of alice. Nothing was changed.`);
    expect((await harvester.device(nic)).spec.numVFs).to.equal(2);
  });

  it("is not taken away by delete while a VF is claimed, unless onVfsInUse says so", async () => {
    const nic = harvester.freshNic();
    const created = await driver.create(driver.inputs(nic, 2));
    const name = await claim(created.outputs.vfAddresses[0] ?? "");
    const error = await refusal(driver.delete(created), Error);
    expect(error.message).to.contain("from 2 to 0").and.to.contain(`claim ${name} of alice`);
    expect(harvester.hardware.numVfs(nic)).to.equal(2);
    await driver.delete({ id: created.id, outputs: { ...created.outputs, onVfsInUse: "proceed" } });
    expect(harvester.hardware.numVfs(nic)).to.equal(0);
  });

  it("is asked for in vain where the controller is away: it says so, and where to look", async () => {
    const nic = harvester.freshNic();
    await harvester.stopController();
    const inputs = await driver.checked(driver.inputs(nic, 2));
    const error = await refusal(driver.createChecked(inputs, 500), PartialFailure<DeviceOutputs>);
    expect(error.message).to.contain(`waiting for Harvester's pcidevices controller on node ${NODE_NAME}`);
    await harvester.startController();
    const { outputs } = await driver.update({ id: error.id, outputs: error.outputs }, driver.inputs(nic, 2));
    expect(outputs.vfAddresses).to.have.length(2);
  });
});
