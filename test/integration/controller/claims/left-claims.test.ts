import { expect } from "chai";
import { NODE } from "../../../../api/core.js";
import { CLAIM_FINALIZER, PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../../api/pci-device-claim.js";
import type { LabController } from "../../../../lab/controller.js";
import type { Lab } from "../../../../lab/lab.js";
import { sharedLab } from "../../../shared-lab.js";
import { KubeVirtCluster } from "../kubevirt/kube-virt-cluster.js";

describe("claims for devices of nodes that are not there", () => {
  let lab: Lab;
  let cluster: KubeVirtCluster;
  let controller: LabController;
  let made = 0;

  before(async () => {
    lab = await sharedLab();
    cluster = await KubeVirtCluster.start(lab);
    controller = await lab.startController();
  });
  after(async () => {
    await controller.stop();
    await cluster.stop();
  });

  const claimOn = (nodeName: string, finalizers: readonly string[] = []): Promise<PciDeviceClaim> =>
    cluster.bareClaim({ nodeName, address: `0000:ee:1f.${made++}` }, { finalizers });
  const makeNode = (name: string): Promise<unknown> =>
    lab.client.apply(NODE, { metadata: { name } }, { fieldManager: "person", force: true });
  const remove = ({ metadata }: PciDeviceClaim): Promise<void> => lab.client.delete(PCI_DEVICE_CLAIM, metadata.name);

  it("are told so, by an event that names the node", async () => {
    const claim = await claimOn("left-never");
    const { type, message } = await cluster.event(claim, "NodeMissing");
    expect(type).to.equal("Warning");
    expect(message).to.equal(
      `the cluster has no node left-never: nothing is done about ${claim.spec.address} before a node of that name joins and ` +
        `runs the agent. Delete the claim if that is not to come.`,
    );
  });

  it("end when they are deleted, though no agent is left to release the device", async () => {
    await makeNode("left-1");
    const claim = await claimOn("left-1", [CLAIM_FINALIZER]);
    await remove(claim);
    await lab.client.delete(NODE, "left-1");
    await cluster.noClaim(claim);
    await cluster.event(claim, "NodeGone", "node left-1 is gone");
  });

  it("end when they are deleted after their node", async () => {
    await makeNode("left-2");
    const claim = await claimOn("left-2", [CLAIM_FINALIZER]);
    await lab.client.delete(NODE, "left-2");
    await cluster.event(claim, "NodeMissing");
    await remove(claim);
    await cluster.noClaim(claim);
  });

  it("end that were deleted with their node while no controller ran", async () => {
    await makeNode("left-3");
    const claim = await claimOn("left-3", [CLAIM_FINALIZER]);
    await controller.stop();
    await remove(claim);
    await lab.client.delete(NODE, "left-3");
    controller = await lab.startController();
    await cluster.noClaim(claim);
  });

  it("keep the finalizers of others", async () => {
    const claim = await claimOn("left-never", ["example.org/theirs", CLAIM_FINALIZER]);
    await remove(claim);
    const after = await cluster.seesClaim(
      claim,
      ({ metadata }) => metadata.finalizers?.includes(CLAIM_FINALIZER) === false,
    );
    expect(after.metadata.finalizers).to.deep.equal(["example.org/theirs"]);
  });

  it("stay where they are not deleted, as those of nodes that are there do", async () => {
    await makeNode("left-4");
    const kept = await claimOn("left-never", [CLAIM_FINALIZER]);
    const deleted = await claimOn("left-4", [CLAIM_FINALIZER]);
    await remove(deleted);
    // What comes later shows that the controller has looked at both.
    const marker = await claimOn("left-never", [CLAIM_FINALIZER]);
    await cluster.event(kept, "NodeMissing");
    await remove(marker);
    await cluster.noClaim(marker);
    for (const { metadata } of [kept, deleted]) {
      expect(cluster.claims.get(metadata.name)?.metadata.finalizers).to.deep.equal([CLAIM_FINALIZER]);
    }
  });
});
