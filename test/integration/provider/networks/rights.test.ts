import { expect } from "chai";
import type { LabController } from "../../../../lab/controller.js";
import type { Lab } from "../../../../lab/lab.js";
import { type NetworkOutputs, PartialFailure } from "../../../../provider/index.js";
import { sharedLab } from "../../../shared-lab.js";
import { personKubeconfig } from "../../api/people.js";
import { Cluster as People } from "../../controller/networks/cluster.js";
import { refusal } from "../../refusal.js";
import { NetworkDriver } from "./driver.js";

describe("a SriovNetwork resource by somebody with few rights", () => {
  let lab: Lab;
  let people: People;
  let controller: LabController;

  before(async () => {
    lab = await sharedLab();
    people = await People.watch(lab.client);
    controller = await lab.startController();
  });
  after(async () => {
    await people.stop();
    await controller.stop();
  });

  async function driverOf(person: string, verbs: readonly string[]): Promise<NetworkDriver> {
    return NetworkDriver.open(await personKubeconfig(lab, person, verbs));
  }

  it("goes by the controller's word where attachments may not be seen", async () => {
    const driver = await driverOf("unseeing", ["get", "list", "watch", "create", "patch", "delete"]);
    const created = await driver.create(driver.inputs("unseen", { resourceName: "fast" }));
    expect(created.outputs.status).to.equal("Attached");
    expect(await driver.read(created)).to.deep.equal(created.outputs);
    await driver.delete(created);
    await driver.close();
  });

  it("leaves a state of what was made, though it may not be watched, and says what is not allowed", async () => {
    const driver = await driverOf("unwatching", ["get", "create", "patch", "delete"]);
    const error = await refusal(
      driver.create(driver.inputs("unwatched", { resourceName: "fast" })),
      PartialFailure<NetworkOutputs>,
    );
    expect(error.message).to.contain("not allowed").and.to.contain("sriovnetworks");
    expect(error.outputs.fieldManager).to.match(/^pulumi-sriov-/);
    await driver.close();
  });
});
