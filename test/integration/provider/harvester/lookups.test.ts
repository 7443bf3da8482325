import { expect } from "chai";
import { Label, pciDeviceName } from "../../../../api/names.js";
import { PCI_DEVICE } from "../../../../api/pci-device.js";
import {
  Cluster,
  type PciDeviceFilter,
  pciDevices,
  sriovCapability,
  sriovNetworkDevices,
} from "../../../../provider/index.js";
import { HarvesterCluster, NODE_NAME } from "../../../harvester/harvester-cluster.js";
import { objectName } from "../../../harvester/harvester-controller.js";
import type { HarvesterNic } from "../../../harvester/harvester-hardware.js";
import { DeviceDriver } from "./device-driver.js";

describe("lookups on Harvester", () => {
  let harvester: HarvesterCluster;
  let driver: DeviceDriver;
  let nic: HarvesterNic;
  let fieldManager: string | undefined;

  before(async () => {
    harvester = await HarvesterCluster.start({ nics: 2 });
    driver = DeviceDriver.open(harvester.lab.controlPlane.kubeconfig);
    nic = harvester.freshNic();
    fieldManager = (await driver.create(driver.inputs(nic, 2))).outputs.fieldManager;
  });
  after(async () => {
    await driver.close();
    await harvester.stop();
  });

  it("tell of a NIC, its VFs and who has declared them, and of no maximum", async () => {
    const [listed, ...others] = await sriovNetworkDevices(driver.cluster, { addresses: [nic.address] });
    expect(others).to.deep.equal([]);
    expect(listed).to.deep.include({
      ...{ name: objectName(nic), nodeName: NODE_NAME, numVfs: 2, declaredVfs: 2, status: "Configured" },
      declaredBy: [{ kind: "resource", name: fieldManager }],
    });
    expect(listed).not.to.have.property("totalVfs");
    const [first = ""] = harvester.hardware.vfs(nic);
    expect(listed?.virtualFunctions[0]).to.include({ address: first, pciDevice: pciDeviceName(NODE_NAME, first) });
  });

  it("tell of the PCI devices of a NIC", async () => {
    const listed = await pciDevices(driver.cluster, { parentDevice: objectName(nic), virtualFunction: true });
    expect(listed.map(({ address }) => address)).to.deep.equal(harvester.hardware.vfs(nic));
  });

  it("tell which PCI devices are a NIC's by the NIC, since Harvester's labels are of others, and missing, too", async () => {
    const [first = "", second = ""] = harvester.hardware.vfs(nic);
    const other = harvester.hardware.nics.find((candidate) => candidate !== nic)?.address ?? "";
    await label(first, null);
    await label(other, objectName(nic));
    const seen = Cluster.open({ kubeconfig: harvester.lab.controlPlane.kubeconfig });
    try {
      const addresses = async (filter: PciDeviceFilter): Promise<string[]> =>
        (await pciDevices(seen, filter)).map(({ address }) => address);
      expect(await addresses({ parentDevice: objectName(nic) })).to.deep.equal([first, second]);
      expect(await addresses({ virtualFunction: true })).to.deep.equal([first, second]);
      expect(await addresses({ virtualFunction: false })).to.include(other);
    } finally {
      await seen.close();
    }
  });

  const label = (address: string, parent: string | null): Promise<unknown> =>
    harvester.lab.client.merge(
      PCI_DEVICE,
      pciDeviceName(NODE_NAME, address),
      { metadata: { labels: { [Label.parentDevice]: parent as string } } },
      { fieldManager: "test" },
    );

  it("tell that the node is capable, though Harvester marks no nodes", async () => {
    const { capable, nodes } = await sriovCapability(driver.cluster);
    expect(capable).to.equal(true);
    expect(nodes.map(({ nodeName, devices }) => [nodeName, devices.length])).to.deep.equal([[NODE_NAME, 2]]);
  });
});
