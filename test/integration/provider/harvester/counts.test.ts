import { expect } from "chai";
import { pciDeviceName } from "../../../../api/names.js";
import { PCI_DEVICE } from "../../../../api/pci-device.js";
import {
  HARVESTER_NETWORK_DEVICE,
  RELEASING_FIELD_MANAGER,
} from "../../../../provider/core/device/harvester-object.js";
import { type DeviceOutputs, PartialFailure } from "../../../../provider/index.js";
import { HarvesterCluster, NODE_NAME } from "../../../harvester/harvester-cluster.js";
import { CONTROLLER, objectName } from "../../../harvester/harvester-controller.js";
import { refusal } from "../../refusal.js";
import { DeviceDriver } from "./device-driver.js";

describe("a NIC's count on Harvester", () => {
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

  it("is created once the VFs are there and have their PCIDevices", async () => {
    const nic = harvester.freshNic();
    const { id, outputs } = await driver.create(driver.inputs(nic, 4));
    expect(id).to.equal(objectName(nic));
    expect(outputs).to.include({ ...{ numVfs: 4, status: "Configured", totalVfs: 0 }, address: nic.address });
    expect(outputs.vfAddresses).to.deep.equal(harvester.hardware.vfs(nic));
    expect(outputs.vfPciDevices).to.deep.equal(outputs.vfAddresses.map((vf) => pciDeviceName(NODE_NAME, vf)));
    const { items } = await harvester.lab.client.list(PCI_DEVICE);
    expect(items.map(({ metadata }) => metadata.name)).to.include.members([...outputs.vfPciDevices]);
    expect(driver.told.statuses.join()).to.contain("VFs have their PCIDevice; Harvester looks for new ones");
  });

  it("is the same when read again", async () => {
    const nic = harvester.freshNic();
    const created = await driver.create(driver.inputs(nic, 2));
    expect(await driver.read(created)).to.deep.equal(created.outputs);
  });

  it("goes from one number to another by way of 0, without which the kernel refuses for ever", async () => {
    const nic = harvester.freshNic();
    const created = await driver.create(driver.inputs(nic, 4));
    driver.told.statuses.length = 0;
    const { outputs } = await driver.update(created, driver.inputs(nic, 6));
    expect(outputs.vfAddresses).to.have.length(6);
    expect(harvester.hardware.numVfs(nic)).to.equal(6);
    expect(harvester.log.filter((line) => line.includes(objectName(nic)))).to.deep.equal([]);
    expect(driver.told.statuses.join()).to.contain("step 1 of 2, down to 0 VFs: 4 are there still");
    expect(driver.warnings.join()).to.contain("4 → 6 VFs; 4 VFs destroyed, 6 VFs created");
  });

  it("is brought out of the state in which somebody else's change is stuck", async () => {
    const nic = harvester.freshNic();
    await harvester.edit(nic, 4);
    await harvester.until(nic, ({ status }) => status?.vfAddresses?.length === 4);
    await harvester.edit(nic, 6);
    const { outputs } = await driver.create(driver.inputs(nic, 6));
    expect(outputs.vfAddresses).to.have.length(6);
  });

  it("is reached from 0 where the status still has the addresses of before a start of the node", async () => {
    const nic = harvester.freshNic();
    await harvester.edit(nic, 4);
    await harvester.until(nic, ({ status }) => status?.vfAddresses?.length === 4);
    const names = harvester.hardware.vfs(nic).map((vf) => pciDeviceName(NODE_NAME, vf));
    for (const name of names) await harvester.listed(name);
    await harvester.stopController();
    await harvester.edit(nic, 0);
    harvester.hardware.lose(nic);
    for (const name of names) await harvester.lab.client.delete(PCI_DEVICE, name);
    await harvester.startController();
    const { generation = 0 } = (await harvester.device(nic)).metadata;
    const { outputs } = await driver.create(driver.inputs(nic, 6, { forceConflicts: true }));
    expect(outputs.vfAddresses).to.have.length(6);
    const { metadata } = await harvester.device(nic);
    expect(metadata.generation, "counts written").to.equal(generation + 1);
  });

  it("takes no notice of PCIDevices that the status names though their VFs are gone", async () => {
    const nic = harvester.freshNic();
    const created = await driver.create(driver.inputs(nic, 4));
    const { outputs } = await driver.update(created, driver.inputs(nic, 0));
    expect((await harvester.device(nic)).status?.vfPCIDevices).to.have.length(4);
    expect(outputs).to.deep.include({ numVfs: 0, vfAddresses: [], vfPciDevices: [], virtualFunctions: [] });
  });

  it("is 0 again after delete, which leaves the object and nobody who owns the count", async () => {
    const nic = harvester.freshNic();
    const created = await driver.create(driver.inputs(nic, 4));
    await driver.delete(created);
    expect(harvester.hardware.numVfs(nic)).to.equal(0);
    expect((await harvester.device(nic)).spec.numVFs).to.equal(0);
    expect((await driver.create(driver.inputs(nic, 2))).outputs.vfAddresses).to.have.length(2);
  });

  it("that was 0 is let go of by delete too", async () => {
    const nic = harvester.freshNic();
    await driver.delete(await driver.create(driver.inputs(nic, 0)));
    expect(await harvester.owners(nic)).to.have.members([CONTROLLER, RELEASING_FIELD_MANAGER]);
    expect((await driver.create(driver.inputs(nic, 2))).outputs.vfAddresses).to.have.length(2);
  });

  it("above what the NIC supports times out, with where Harvester says why; the next up goes on", async () => {
    const nic = harvester.freshNic();
    const inputs = await driver.checked(driver.inputs(nic, 9));
    const error = await refusal(driver.createChecked(inputs, 1_000), PartialFailure<DeviceOutputs>);
    expect(error.message)
      .to.contain("not ready with 9 VFs in time: 0 of 9 VFs")
      .and.to.contain("in its log alone: it takes any count, and does not tell how many VFs a NIC supports");
    expect(harvester.log.join("\n")).to.contain("numerical result out of range");
    expect(await driver.read(error)).to.include({ numVfs: 0 });
    expect(driver.warnings.join()).to.contain(
      `has 0 VFs on node ${NODE_NAME}, where spec.numVFs asks for 9 (Configuring: 0 of 9 VFs). up asks for them again`,
    );
    const { outputs } = await driver.update({ id: error.id, outputs: error.outputs }, driver.inputs(nic, 3));
    expect(outputs.vfAddresses).to.have.length(3);
  });

  it("of an object that was deleted meanwhile is read as the 0 that it was made anew with, and set again by up", async () => {
    const nic = harvester.freshNic();
    const created = await driver.create(driver.inputs(nic, 4));
    const { uid } = (await harvester.device(nic)).metadata;
    await harvester.lab.client.delete(HARVESTER_NETWORK_DEVICE, objectName(nic));
    await harvester.until(
      nic,
      ({ metadata, status }) => metadata.uid !== uid && status?.status === "sriovNetworkDeviceDisabled",
    );
    const read = await driver.read(created);
    expect(read).to.include({ numVfs: 0 });
    const updated = await driver.update({ id: created.id, outputs: read ?? created.outputs }, driver.inputs(nic, 4));
    expect(updated.outputs.vfAddresses).to.have.length(4);
    expect(harvester.hardware.numVfs(nic)).to.equal(4);
  });

  it("of a NIC that its node does not have is refused in a preview, with those that it has", async () => {
    const { failures } = await driver.check(driver.inputs({ nodeName: NODE_NAME, interfaceName: "eno1" }, 4));
    expect(failures[0]?.reason).to.contain(
      `node "${NODE_NAME}" has no SR-IOV device "eno1"; its SR-IOV devices: eno49`,
    );
  });

  it("of a node that is not there is refused in a preview, with those that have NICs", async () => {
    const { failures } = await driver.check(driver.inputs({ nodeName: "nowhere", interfaceName: "eno49" }, 4));
    expect(failures[0]?.reason).to.equal(`no node "nowhere" in the cluster; nodes with SR-IOV devices: ${NODE_NAME}`);
  });
});
