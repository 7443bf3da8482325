import { expect } from "chai";
import { type Lab, startLab } from "../../../../lab/lab.js";
import { beginRun } from "../../../../lab/processes/lab-run.js";
import {
  type PartialDeviceInputs,
  pciDevices,
  sriovCapability,
  sriovNetworkDevices,
} from "../../../../provider/index.js";
import { installHarvesterKinds, KINDS_BEFORE_NICS } from "../../../harvester/harvester-kinds.js";
import { refusal } from "../../refusal.js";
import { DeviceDriver } from "./device-driver.js";

describe("a NIC of a program on a release of Harvester that has claims, and no NICs yet", () => {
  let lab: Lab;
  let driver: DeviceDriver;

  before(async () => {
    lab = await startLab(await beginRun({ label: "test" }), { contract: false });
    await installHarvesterKinds(lab.client, KINDS_BEFORE_NICS);
    driver = DeviceDriver.open(lab.controlPlane.kubeconfig);
  });
  after(async () => {
    await driver.close();
    lab.client.close();
    await lab.run.stop();
  });

  const inputs = (): PartialDeviceInputs => driver.inputs({ nodeName: "node1", interfaceName: "eno49" }, 2);
  const missing = "the cluster does not know the kind SRIOVNetworkDevice:";
  const advice = "Enable Harvester's add-on pcidevices-controller, of Harvester 1.2 or later";

  it("is foreseen to fail, in Harvester's terms", async () => {
    const { failures } = await driver.check(inputs());
    expect(failures).to.deep.equal([]);
    expect(driver.warnings[0]).to.contain(missing).and.to.contain(advice).and.not.to.contain("reconciler");
  });

  it("fails in Harvester's terms, in up and in a lookup by its name", async () => {
    const lookup = { id: "node1-eno49", outputs: {} };
    for (const attempt of [() => driver.create(inputs()), () => driver.read(lookup)]) {
      const error = await refusal(attempt(), Error);
      expect(error.message).to.contain(missing).and.to.contain(advice);
    }
  });

  it("is no NIC that lookups know", async () => {
    expect(await sriovNetworkDevices(driver.cluster)).to.deep.equal([]);
    expect(await pciDevices(driver.cluster)).to.deep.equal([]);
    expect((await sriovCapability(driver.cluster)).capable).to.equal(false);
  });
});
