import { expect } from "chai";
import { VALIDATING_ADMISSION_POLICY } from "../../../api/admission-policies.js";
import { CUSTOM_RESOURCE_DEFINITION } from "../../../api/core.js";
import { VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { FIELD_MANAGER, installGuards, installKinds } from "../../../lab/install-contract.js";
import { restartController } from "../networks/twins.js";
import { everyResource, type EveryResource, NUM_VFS } from "./every-resource.js";
import { laterContract } from "./later-contract.js";

/** Nobody has changed anything, whatever else has happened: no difference is shown. The tests are one story, in order. */
describe("a cluster that nobody has touched", function () {
  this.timeout(180_000);
  let all: EveryResource;

  before(async () => {
    all = await everyResource("untouched");
  });

  /** Each operation fails where it has anything to do. */
  async function expectNoDifference(): Promise<void> {
    await all.stack.refresh({ expectNoChanges: true });
    await all.stack.preview(undefined, { expectNoChanges: true });
  }

  it("has nothing to do for preview, refresh and up", async () => {
    await all.stack.preview(undefined, { expectNoChanges: true });
    await all.stack.refresh({ expectNoChanges: true });
    await all.stack.up(undefined, { expectNoChanges: true });
  });

  it("has nothing to do after its agent was killed and started again", async () => {
    await all.node.stopAgent("SIGKILL");
    await all.node.startAgent();
    await expectNoDifference();
  });

  it("has nothing to do after its node was started again, which has forgotten all VFs", async () => {
    await all.node.stopAgent("SIGKILL");
    await all.node.hardware.reboot();
    expect(await all.nic.numVfs()).to.equal(0);
    await all.node.hardware.clearWrites();
    await all.node.startAgent();
    await all.node.hardware.waitForWrites(2);
    await all.asAsked();
    expect([await all.nic.numVfs(), await all.pool.numVfs()]).to.deep.equal([NUM_VFS.nic, NUM_VFS.policy]);
    expect(await all.vf.driver()).to.equal(VFIO_DRIVER);
    await expectNoDifference();
  });

  it("has nothing to do under a later version's kinds and guards, with agent and controller started anew", async () => {
    const { lab, node } = all;
    const { kinds, guards } = laterContract();
    const options = { fieldManager: FIELD_MANAGER, force: true };
    try {
      for (const kind of kinds) await lab.client.apply(CUSTOM_RESOURCE_DEFINITION, kind, options);
      for (const guard of guards) await lab.client.apply(VALIDATING_ADMISSION_POLICY, guard, options);
      await node.stopAgent("SIGTERM");
      await node.startAgent();
      await restartController();
      await all.asAsked();
      await expectNoDifference();
    } finally {
      await installKinds(lab.client);
      await installGuards(lab.client);
    }
  });

  it("is left with nothing by a destroy", async () => {
    await all.stack.destroy();
    expect([await all.nic.numVfs(), await all.pool.numVfs()]).to.deep.equal([0, 0]);
    expect(await all.stack.resources()).to.deep.equal([]);
  });
});
