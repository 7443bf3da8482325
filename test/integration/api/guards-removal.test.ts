import { expect } from "chai";
import { CUSTOM_RESOURCE_DEFINITION, NODE } from "../../../api/core.js";
import type { KubeObject, ResourceType } from "../../../api/object.js";
import { PCI_DEVICE } from "../../../api/pci-device.js";
import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK_DEVICE, type SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { Informer } from "../../../kube/informer.js";
import { waitFor } from "../../../kube/wait.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { claimInUse } from "./claim.js";
import { deviceWithVfs } from "./guarded.js";

/** A cluster of its own, since the shared one must keep its kinds. */
describe("what is removed as a whole, in use or not", () => {
  let run: LabRun;
  let lab: Lab;
  const USERS = ["pod web/router-0", "claim a of alice"];

  before(async () => {
    run = await beginRun({ label: "test" });
    lab = await startLab(run);
  });
  after(async () => {
    lab.client.close();
    await run.stop();
  });

  async function gone(type: ResourceType<KubeObject>, name: string): Promise<void> {
    const informer = new Informer(lab.client, type, { fields: { "metadata.name": name } }).start();
    await informer.synced;
    await waitFor(
      informer,
      () =>
        informer.get(name) === undefined
          ? { state: "satisfied", result: undefined }
          : { state: "pending", what: `${name} is still there` },
      { deadline: Date.now() + 45_000 },
    );
    await informer.stop();
  }

  /** With the Node as owner, as agents make it. */
  async function ownedDevice(nodeName: string, blockOwnerDeletion: boolean): Promise<SriovNetworkDevice> {
    const device = await deviceWithVfs(lab, USERS, nodeName);
    const { uid } = (await lab.client.get(NODE, nodeName)).metadata;
    const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: nodeName, uid, blockOwnerDeletion }];
    const patch = { metadata: { ownerReferences } };
    return lab.client.merge(SRIOV_NETWORK_DEVICE, device.metadata.name, patch, { fieldManager: "maker" });
  }

  /** With its PCIDevice as owner, which has the Node; nobody carries it out, so that it has no finalizer. */
  async function ownedClaim(nodeName: string, blockOwnerDeletion: boolean): Promise<PciDeviceClaim> {
    const claim = await claimInUse(lab, nodeName);
    const { name } = claim.metadata;
    const { uid = "" } = (await lab.client.get(NODE, nodeName)).metadata;
    const node = { apiVersion: "v1", kind: "Node", name: nodeName, uid, blockOwnerDeletion };
    const metadata = { name, ownerReferences: [node] };
    const device = await lab.client.create(PCI_DEVICE, { metadata }, { fieldManager: "maker" });
    const { apiVersion, kind } = PCI_DEVICE;
    const ownerReferences = [{ apiVersion, kind, name, uid: device.metadata.uid, blockOwnerDeletion }];
    return lab.client.merge(PCI_DEVICE_CLAIM, name, { metadata: { ownerReferences } }, { fieldManager: "maker" });
  }

  for (const propagationPolicy of ["Background", "Foreground"] as const) {
    it(`takes the claims of a Node along that is deleted (${propagationPolicy})`, async () => {
      const nodeName = `n-claims-${propagationPolicy.toLowerCase()}`;
      const claim = await ownedClaim(nodeName, propagationPolicy === "Foreground");
      const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy };
      await lab.client.raw({ method: "DELETE", path: `/api/v1/nodes/${nodeName}`, body });
      await gone(PCI_DEVICE_CLAIM, claim.metadata.name);
      await gone(NODE, nodeName);
    });

    it(`takes the devices of a Node along that is deleted (${propagationPolicy})`, async () => {
      const nodeName = `n-${propagationPolicy.toLowerCase()}`;
      const device = await ownedDevice(nodeName, propagationPolicy === "Foreground");
      const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy };
      await lab.client.raw({ method: "DELETE", path: `/api/v1/nodes/${nodeName}`, body });
      await gone(SRIOV_NETWORK_DEVICE, device.metadata.name);
      await gone(NODE, nodeName);
    });
  }

  it("takes the claims along with their CustomResourceDefinition", async () => {
    await claimInUse(lab, "n-stays");
    const definition = "pcideviceclaims.devices.harvesterhci.io";
    await lab.client.delete(CUSTOM_RESOURCE_DEFINITION, definition);
    await gone(CUSTOM_RESOURCE_DEFINITION, definition);
  });

  it("takes the devices along with their CustomResourceDefinition", async () => {
    const device = await deviceWithVfs(lab, USERS, "n-stays");
    expect(device.status?.virtualFunctions).to.have.length(2);
    const definition = "sriovnetworkdevices.devices.harvesterhci.io";
    await lab.client.delete(CUSTOM_RESOURCE_DEFINITION, definition);
    await gone(CUSTOM_RESOURCE_DEFINITION, definition);
  });
});
