import { expect } from "chai";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { pciDeviceName } from "../../../api/names.js";
import { HarvesterCluster } from "../../harvester/harvester-cluster.js";
import { objectName } from "../../harvester/harvester-controller.js";
import type { HarvesterNic } from "../../harvester/harvester-hardware.js";
import { REPOSITORY, testProject } from "../project.js";
import { errorsOf, openStack, type TestStack, warningsOn } from "../stack.js";

/** The examples as they stand, on a cluster of Harvester's kinds. The tests of one example are the steps of one story. */
describe("on Harvester", () => {
  let harvester: HarvesterCluster;

  before(async () => {
    harvester = await HarvesterCluster.start();
  });
  after(() => harvester.stop());

  async function example(name: string, config: Readonly<Record<string, string>>): Promise<TestStack> {
    const project = await testProject();
    const folder = join(project.folder, `harvester-${name}`);
    cpSync(join(REPOSITORY, "examples", name), folder, { recursive: true });
    const environment = { KUBECONFIG: harvester.lab.controlPlane.kubeconfig };
    return openStack({ folder, config, environment });
  }

  describe("examples/quickstart", () => {
    let nic: HarvesterNic;
    let stack: TestStack;

    before(async () => {
      nic = harvester.freshNic();
      stack = await example("quickstart", { node: nic.nodeName, interface: nic.interfaceName, numVfs: "4" });
    });

    it("makes the kernel have 4 VFs, and puts out their addresses and PCIDevices", async () => {
      const { outputs } = await stack.up();
      const vfAddresses = harvester.hardware.vfs(nic);
      expect(vfAddresses).to.have.length(4);
      expect(outputs).to.deep.equal({
        device: objectName(nic),
        vfAddresses,
        vfPciDevices: vfAddresses.map((address) => pciDeviceName(nic.nodeName, address)),
      });
    });

    it("has nothing to do in a refresh and a second up", async () => {
      await stack.automation.refresh({ expectNoChanges: true });
      expect((await stack.up()).steps).to.deep.equal({});
    });

    it("goes from 4 to 6, which Harvester alone never gets to", async () => {
      await stack.automation.setConfig("numVfs", { value: "6" });
      expect(warningsOn(await stack.preview(), "nic").join("\n")).to.contain(
        `${objectName(nic)} of node ${nic.nodeName}: 4 → 6 VFs; 4 VFs destroyed, 6 VFs created`,
      );
      await stack.up();
      expect(harvester.hardware.numVfs(nic)).to.equal(6);
    });

    it("names who has changed the count by hand, and takes it back where the program says so", async () => {
      await harvester.edit(nic, 0);
      await harvester.until(nic, ({ status }) => status?.status === "sriovNetworkDeviceDisabled");
      await stack.refresh();
      const [error = ""] = errorsOf(await stack.upFails());
      expect(error).to.contain('spec.numVFs is owned by field manager "harvester", which has set it to 0');
      await stack.automation.setConfig("forceConflicts", { value: "true" });
      await stack.up();
    });

    it("leaves no VF behind", async () => {
      await stack.destroy();
      expect(harvester.hardware.numVfs(nic)).to.equal(0);
      expect((await harvester.device(nic)).spec.numVFs).to.equal(0);
    });
  });

  describe("examples/passthrough", () => {
    let nic: HarvesterNic;
    let stack: TestStack;

    before(async () => {
      nic = harvester.freshNic();
      stack = await example("passthrough", { nodeName: nic.nodeName, interfaceName: nic.interfaceName });
    });

    it("hands the first VF through by the same up that makes it", async () => {
      const { outputs } = await stack.up();
      expect(outputs).to.include({ passthroughEnabled: true, vf: harvester.hardware.vfs(nic)[0] });
    });

    it("gives claim and VFs back in their order", async () => {
      await stack.destroy();
      expect(harvester.hardware.numVfs(nic)).to.equal(0);
    });
  });
});
