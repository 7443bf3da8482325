import { expect } from "chai";
import { Label, pciDeviceName } from "../../../../api/names.js";
import { NODE } from "../../../../api/core.js";
import { PCI_DEVICE, type PciDevice, type PciDeviceStatus } from "../../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim, VFIO_DRIVER } from "../../../../api/pci-device-claim.js";
import { Informer } from "../../../../kube/informer.js";
import { type Lab, startLab } from "../../../../lab/lab.js";
import { beginRun } from "../../../../lab/processes/lab-run.js";
import { type ClaimOutputs, PartialFailure } from "../../../../provider/index.js";
import { HARVESTER_NETWORK_DEVICE } from "../../../../provider/core/device/harvester-object.js";
import { installHarvesterKinds } from "../../../harvester/harvester-kinds.js";
import { until } from "../../agent/observer.js";
import { refusal } from "../../refusal.js";
import { ClaimDriver } from "./driver.js";

const BY = { fieldManager: "pcidevices" };
const FINALIZER = "wrangler.cattle.io/PCIDeviceClaimOnRemove";
const NODE_NAME = "harvester-659jw";

/** Harvester's kinds alone; the test takes the part of Harvester's controller, step by step. */
describe("a PciDeviceClaim resource on Harvester", () => {
  let lab: Lab;
  let driver: ClaimDriver;
  let claims: Informer<PciDeviceClaim>;
  let made = 0;

  before(async () => {
    lab = await startLab(await beginRun({ label: "test" }), { contract: false });
    await installHarvesterKinds(lab.client);
    await lab.client.create(NODE, { metadata: { name: NODE_NAME } }, BY);
    claims = new Informer(lab.client, PCI_DEVICE_CLAIM).start();
    await claims.synced;
    driver = ClaimDriver.open(lab.controlPlane.kubeconfig);
  });
  after(async () => {
    await driver.close();
    await claims.stop();
    lab.client.close();
    await lab.run.stop();
  });

  async function list(address: string, more: Partial<PciDeviceStatus> = {}): Promise<PciDevice> {
    const name = pciDeviceName(NODE_NAME, address);
    const labels = { [Label.nodeName]: NODE_NAME };
    await lab.client.apply(PCI_DEVICE, { metadata: { name, labels }, spec: {} }, { ...BY, force: true });
    const status: PciDeviceStatus = {
      ...{ address, nodeName: NODE_NAME, vendorId: "8086", deviceId: "10ed", classId: "0200", iommuGroup: "42" },
      ...{ resourceName: "intel.com/82599_VF", description: "82599 VF", kernelDriverInUse: "ixgbevf", ...more },
    };
    return lab.client.merge(PCI_DEVICE, name, { status }, { ...BY, subresource: "status" });
  }
  const freshAddress = (): string => `0000:04:10.${made++}`;
  const claim = (name: string, wanted: (claim: PciDeviceClaim) => boolean): Promise<PciDeviceClaim> =>
    until(claims, () => claims.get(name), wanted, name);
  /** What Harvester's controller does with a claim. */
  async function enable(name: string): Promise<void> {
    await claim(name, () => true);
    await lab.client.merge(PCI_DEVICE_CLAIM, name, { metadata: { finalizers: [FINALIZER] } }, BY);
    const status = { kernelDriverToUnbind: "ixgbevf", passthroughEnabled: true };
    await lab.client.merge(PCI_DEVICE_CLAIM, name, { status }, { ...BY, subresource: "status" });
    const bound = { status: { kernelDriverInUse: VFIO_DRIVER } };
    await lab.client.merge(PCI_DEVICE, name, bound, { ...BY, subresource: "status" });
  }
  async function release(name: string): Promise<void> {
    await claim(name, ({ metadata }) => metadata.deletionTimestamp !== undefined);
    await lab.client.merge(PCI_DEVICE_CLAIM, name, { metadata: { finalizers: null } }, BY);
  }

  it("returns once its controller has enabled passthrough, which is all that it says", async () => {
    const { metadata } = await list(freshAddress());
    const creating = driver.create(driver.inputs("vf", { pciDevice: metadata.name }));
    await enable(metadata.name);
    const { outputs } = await creating;
    expect(outputs).to.include({
      ...{ passthroughEnabled: true, status: "Enabled", kernelDriverToUnbind: "ixgbevf" },
      ...{ resourceName: "intel.com/82599_VF", userName: "pulumi" },
    });
    expect(await driver.read({ id: metadata.name, outputs })).to.deep.equal(outputs);
  });

  it("names the PCIDevice as the claim's owner, without which its controller knows no device", async () => {
    const { metadata } = await list(freshAddress());
    const creating = driver.create(driver.inputs("vf", { pciDevice: metadata.name }));
    const { metadata: made } = await claim(metadata.name, () => true);
    expect(made.ownerReferences).to.deep.equal([
      { apiVersion: "devices.harvesterhci.io/v1beta1", kind: "PCIDevice", name: metadata.name, uid: metadata.uid },
    ]);
    await enable(metadata.name);
    await creating;
  });

  it("waits for a VF that its controller has not listed yet", async () => {
    const address = freshAddress();
    const creating = driver.create(driver.inputs("vf", { nodeName: NODE_NAME, address }));
    const { metadata } = await list(address);
    await enable(metadata.name);
    expect((await creating).outputs.status).to.equal("Enabled");
  });

  it("ends with where to look when time ran out", async () => {
    const { metadata } = await list(freshAddress());
    const error = await refusal(
      driver.create(driver.inputs("vf", { pciDevice: metadata.name }), 1_000),
      PartialFailure<ClaimOutputs>,
    );
    expect(error.message)
      .to.contain(`Harvester's pcidevices controller on node ${NODE_NAME} has not enabled passthrough yet`)
      .and.to.contain("in its log alone");
    await driver.delete({ id: error.id, outputs: error.outputs });
  });

  it("is deleted once its controller has let go of it", async () => {
    const { metadata } = await list(freshAddress());
    const creating = driver.create(driver.inputs("vf", { pciDevice: metadata.name }));
    await enable(metadata.name);
    const deleting = driver.delete(await creating);
    await release(metadata.name);
    await deleting;
    expect(driver.told.statuses.join()).to.contain(`kept by its finalizer ${FINALIZER}`);
    const gone = await refusal(lab.client.get(PCI_DEVICE_CLAIM, metadata.name), Error);
    expect(gone.message).to.contain("not found");
  });

  it("is made anew where the pool changes, since its controller takes no change of a claim", async () => {
    const { metadata } = await list(freshAddress());
    const creating = driver.create(driver.inputs("vf", { pciDevice: metadata.name }));
    await enable(metadata.name);
    const created = await creating;
    const { uid } = await claim(metadata.name, () => true).then((object) => object.metadata);
    const updating = driver.update(created, { pciDevice: metadata.name, disableResourcePooling: true });
    await release(metadata.name);
    await claim(metadata.name, (object) => object.metadata.uid !== uid);
    await enable(metadata.name);
    expect((await updating).outputs).to.include({ status: "Enabled", disableResourcePooling: true });
  });

  it("is refused in a preview without an IOMMU group, as Harvester's webhook would in up", async () => {
    const { metadata } = await list(freshAddress(), { iommuGroup: "" });
    const { failures } = await driver.check(driver.inputs("vf", { pciDevice: metadata.name }));
    expect(failures[0]?.reason).to.contain("no IOMMU group");
  });

  it("is refused in a preview for a NIC that has VFs", async () => {
    const { metadata, status } = await list(freshAddress());
    const name = `${NODE_NAME}-eno49`;
    const spec = { address: status?.address ?? "", nodeName: NODE_NAME, numVFs: 1 };
    await lab.client.create(HARVESTER_NETWORK_DEVICE, { metadata: { name }, spec }, BY);
    const told = { status: { status: "sriovNetworkDeviceEnabled", vfAddresses: ["0000:04:12.0"] } };
    await lab.client.merge(HARVESTER_NETWORK_DEVICE, name, told, { ...BY, subresource: "status" });
    const fresh = ClaimDriver.open(lab.controlPlane.kubeconfig);
    const { failures } = await fresh.check(fresh.inputs("vf", { pciDevice: metadata.name }));
    await fresh.close();
    expect(failures[0]?.reason).to.contain("it has 1 virtual function, which would go");
  });

  it("is refused in a preview where the cluster has no such node", async () => {
    const { failures } = await driver.check(driver.inputs("vf", { nodeName: "nowhere", address: "0000:04:10.0" }));
    expect(failures).to.deep.equal([
      { property: "nodeName", reason: 'nowhere-000004100: no node "nowhere" in the cluster' },
    ]);
  });
});
