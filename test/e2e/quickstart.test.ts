import { expect } from "chai";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { freshNic, MAX_VFS, type Nic } from "./nics.js";
import { REPOSITORY, testProject } from "./project.js";
import { openStack, type TestStack, warningsOn } from "./stack.js";

/** examples/quickstart as it stands, on disk. The tests are the steps of one story, in order. */
describe("examples/quickstart", () => {
  let nic: Nic;
  let stack: TestStack;

  before(async () => {
    const project = await testProject();
    nic = await freshNic();
    const folder = join(project.folder, "quickstart");
    cpSync(join(REPOSITORY, "examples", "quickstart"), folder, { recursive: true });
    stack = await openStack({
      folder,
      config: { node: nic.nodeName, interface: nic.interfaceName, numVfs: "4" },
    });
  });

  it("knows the NIC's name, address and maximum in the preview of its creation", async () => {
    const { steps } = await stack.preview();
    expect(steps["nic"]?.op).to.equal("create");
    expect(steps["nic"]?.inputs).to.include({
      deviceName: nic.deviceName,
      address: nic.address,
      totalVfs: MAX_VFS,
    });
  });

  it("makes the kernel have 4 VFs, and puts out their addresses and PCIDevices", async () => {
    const { outputs } = await stack.up();
    const vfAddresses = ["10.0", "10.2", "10.4", "10.6"].map((vf) => nic.address.replace("00.0", vf));
    expect(await nic.numVfs()).to.equal(4);
    expect(outputs).to.deep.equal({
      device: nic.deviceName,
      vfAddresses,
      vfPciDevices: vfAddresses.map((address) => `${nic.nodeName}-${address.replace(/[:.]/g, "")}`),
    });
  });

  it("has nothing to do in a second up", async () => {
    const { steps } = await stack.up();
    expect(steps).to.deep.equal({});
  });

  it("warns on the resource, in the preview of 4 to 6, of the four VFs that go", async () => {
    const before = (await nic.device()).status?.vfAddresses ?? [];
    await stack.automation.setConfig("numVfs", { value: "6" });
    const done = await stack.preview();
    const [warning = "", ...more] = warningsOn(done, "nic");
    expect(more).to.deep.equal([]);
    expect(warning).to.contain(
      `impact on NIC ${nic.deviceName} of node ${nic.nodeName}: 4 → 6 VFs; 4 VFs destroyed, 6 VFs`,
    );
    for (const address of before) expect(warning).to.contain(`- ${address} (`);
    expect(done.steps["nic"]).to.deep.include({ op: "update", diffs: ["numVfs"] });
  });

  it("goes from 4 to 6 by way of 0", async () => {
    const { outputs } = await stack.up();
    expect(outputs["vfAddresses"]).to.have.length(6);
    const writes = (await nic.node.hardware.writes()).filter((write) => write.address === nic.address);
    expect(writes.map((write) => write.count)).to.deep.equal([4, 0, 6]);
  });

  it("leaves no VF behind when it is destroyed, and keeps the NIC's object", async () => {
    await stack.destroy();
    expect(await nic.numVfs()).to.equal(0);
    expect((await nic.device()).spec.numVFS).to.equal(0);
    expect(await nic.owners()).to.deep.equal([]);
  });
});
