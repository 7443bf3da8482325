import { expect } from "chai";
import { SRIOV_NETWORK } from "../../../../api/sriov-network.js";
import { type NetworkOutputs, PartialFailure } from "../../../../provider/index.js";
import { sharedLab } from "../../../shared-lab.js";
import { Cluster as People } from "../../controller/networks/cluster.js";
import { refusal } from "../../refusal.js";
import { NetworkDriver } from "./driver.js";

/** No controller runs in the lab here. */
describe("a SriovNetwork resource to which no controller answers", () => {
  let people: People;
  let driver: NetworkDriver;

  before(async () => {
    const lab = await sharedLab();
    people = await People.watch(lab.client);
    driver = NetworkDriver.open(lab.controlPlane.kubeconfig);
  });
  after(async () => {
    await driver.close();
    await people.stop();
  });

  it("says so while it waits, and when time has run out, with what to do; and is deleted all the same", async () => {
    const creating = driver.create(driver.inputs("unheard", { resourceName: "fast" }), 6_500);
    const error = await refusal(creating, PartialFailure<NetworkOutputs>);
    const words = "the controller does not answer; check that the reconciler's controller runs in the cluster";
    expect(error.message).to.contain(`no attachment in time: ${words}. The change stands`);
    expect(driver.warnings).to.deep.equal([words]);
    expect(error.outputs.status).to.equal("");
    await driver.delete({ id: error.id, outputs: error.outputs });
    const { items } = await people.client.list(SRIOV_NETWORK);
    expect(items.map(({ metadata }) => metadata.name)).not.to.include(error.outputs.networkName);
  });

  it("keeps an attachment in another namespace, and says that the controller is to remove it", async () => {
    const lab = await sharedLab();
    const controller = await lab.startController();
    const networkNamespace = await people.namespace();
    const created = await driver.create(driver.inputs("orphaned", { resourceName: "fast", networkNamespace }));
    await controller.stop();
    const error = await refusal(driver.delete(created, 1_000), Error);
    const key = created.outputs.networkAttachmentDefinition;
    expect(error.message).to.contain(`not removed in time: NetworkAttachmentDefinition ${key} is still there`);
    expect(error.message).to.contain(`kubectl delete -n ${networkNamespace} network-attachment-definitions`);
    const again = await lab.startController();
    await driver.delete(created);
    await again.stop();
    expect(await people.attachmentNow(networkNamespace, created.outputs.networkName)).to.equal(undefined);
  });
});
