import { expect } from "chai";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { PCI_DEVICE_CLAIM, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { claimOf, driversOf } from "../../e2e/claims/claimable.js";
import { found } from "../../e2e/networks/twins.js";
import { REPOSITORY, testProject } from "../../e2e/project.js";
import { errorsOf, openStack, type TestStack } from "../../e2e/stack.js";
import { AgentOnGuest } from "../agent/agent-on-guest.js";
import { first } from "../agent/guest.js";
import { GuestKubelet } from "./guest-kubelet.js";

/** examples/passthrough, its virtual machine aside, on a node with a real kernel. One story, in order. */
describe("examples/passthrough, on a real kernel", function () {
  this.timeout(240_000);
  const VF = "0000:01:10.0";
  const OTHER_VF = "0000:01:10.2";
  const CLAIM = "hw-000001100";
  const RESOURCE = "intel.com/82576_VIRTUAL_FUNCTION";
  let hw: AgentOnGuest;
  let kubelet: GuestKubelet;
  let stack: TestStack;
  let group = "";

  const drivers = async (): Promise<unknown> => (await hw.guest.virtualFunctions(first)).map(({ driver }) => driver);

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
    await hw.observer.release(hw.nameOf(first));
    kubelet = await GuestKubelet.start(hw.guest);
    const folder = join((await testProject()).folder, "passthrough-on-guest");
    cpSync(join(REPOSITORY, "examples", "passthrough"), folder, { recursive: true });
    stack = await openStack({
      folder,
      config: { nodeName: hw.node.name, interfaceName: first.interfaceName },
      environment: { PULUMI_NODEJS_TRANSPILE_ONLY: "true" },
    });
  });
  after(async () => {
    await hw.guest.run("ip link del br0 2>/dev/null || true");
    await kubelet.stop();
    await hw.restore();
  });

  it("binds the VF that it makes to vfio-pci", async () => {
    const { outputs } = await stack.up();
    expect(await drivers()).to.deep.equal([VFIO_DRIVER, "igbvf"]);
    expect(outputs).to.include({ vf: VF, passthroughEnabled: true, kernelDriverToUnbind: "igbvf" });
    expect(outputs["resourceName"]).to.equal(RESOURCE);
  });

  it("has the VF's group as a device node, which a machine opens", async () => {
    group = await hw.guest.run(`basename $(readlink /sys/bus/pci/devices/${VF}/iommu_group)`);
    await hw.guest.run(`test -c /dev/vfio/${group} && test -c /dev/vfio/vfio`);
  });

  it("has it advertised to the node's kubelet", async () => {
    await kubelet.until({ [RESOURCE]: 1 });
  });

  it("leaves nothing to do", async () => {
    await stack.up(undefined, { expectNoChanges: true });
  });

  it("cannot claim a VF whose interface is in a bridge: preview names it", async () => {
    const interfaceName = (await hw.guest.virtualFunctions(first))[1]?.interfaceName ?? "";
    await hw.guest.run(`ip link add br0 type bridge && ip link set ${interfaceName} master br0`);
    await hw.lookAt(first);
    const other = await openStack({ program: claimOf({ nodeName: hw.node.name, address: OTHER_VF }) });
    const [error = ""] = errorsOf(await other.previewFails());
    expect(error).to.include(OTHER_VF).and.to.include(`interface ${interfaceName} in br0`);
    expect(await drivers()).to.deep.equal([VFIO_DRIVER, "igbvf"]);
    await hw.guest.run("ip link del br0");
  });

  it("cannot change the number of VFs while one is claimed", async () => {
    await stack.automation.setConfig("numVfs", { value: "3" });
    const [error = ""] = errorsOf(await stack.upFails());
    expect(error).to.include(`claim ${CLAIM} of pulumi`);
    expect(await drivers()).to.have.length(2);
  });

  it("binds the VF of the same index again where that is allowed", async () => {
    await stack.automation.setConfig("onVfsInUse", { value: "proceed" });
    await stack.up();
    await hw.observer.pciDevice(CLAIM, ({ status }) => status?.kernelDriverInUse === VFIO_DRIVER);
    expect(await drivers()).to.deep.equal([VFIO_DRIVER, "igbvf", "igbvf"]);
  });

  it("gives the VF back to igbvf, and then removes all VFs, by one destroy", async () => {
    const history = await driversOf(hw.lab.client, CLAIM);
    await stack.destroy();
    expect(await history.until("gone")).to.deep.equal(["igbvf", "gone"]);
    await history.stop();
    expect(await hw.guest.virtualFunctions(first)).to.deep.equal([]);
    expect(await found(hw.lab, PCI_DEVICE_CLAIM, CLAIM)).to.equal(undefined);
    await hw.guest.run(`test ! -e /dev/vfio/${group}`);
  });

  it("has it advertised no more: a kubelet remembers the name, and that it has none", async () => {
    await kubelet.until({ [RESOURCE]: 0 });
  });
});
