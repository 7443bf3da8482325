import { expect } from "chai";
import { VALIDATING_ADMISSION_POLICY } from "../../../api/admission-policies.js";
import { CUSTOM_RESOURCE_DEFINITION } from "../../../api/core.js";
import { RECONCILER_NAMESPACE } from "../../../api/names.js";
import { PCI_DEVICE_CLAIM, VFIO_DRIVER } from "../../../api/pci-device-claim.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { SRIOV_NETWORK } from "../../../api/sriov-network.js";
import { FIELD_MANAGER, installGuards, installKinds } from "../../../lab/install-contract.js";
import { until } from "../../integration/lab/until.js";
import { restartController } from "../networks/twins.js";
import { errorsOf, warningsOn } from "../stack.js";
import { everyResource, type EveryResource, NUM_VFS } from "./every-resource.js";
import { laterContract } from "./later-contract.js";

/** What is shown as a difference, and what is not. The tests are one story, in order. */
describe("a program with a resource of every kind", function () {
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
    // What the objects say may be from before; the VF of the claim is the last to be as it was.
    await until(async () => (await all.vf.driver()) === VFIO_DRIVER);
    await all.asAsked();
    expect([await all.nic.numVfs(), await all.pool.numVfs()]).to.deep.equal([NUM_VFS.nic, NUM_VFS.policy]);
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

  it("shows in a refresh what somebody has set otherwise, whose it is, and how to take it back", async () => {
    const { lab, policyName, networkName, vf } = all;
    const edit = { fieldManager: "kubectl-edit", namespace: RECONCILER_NAMESPACE };
    await lab.client.merge(SRIOV_NETWORK_NODE_POLICY, policyName, { spec: { numVfs: 3 } }, edit);
    await lab.client.merge(SRIOV_NETWORK, networkName, { spec: { vlan: 200 } }, edit);
    await lab.client.merge(PCI_DEVICE_CLAIM, vf.name, { spec: { userName: "bob" } }, { fieldManager: "kubectl-edit" });
    await all.pool.until("3 VFs", ({ status }) => status?.virtualFunctions?.length === 3);
    const done = await all.stack.refresh();
    const fields = { policy: "numVfs", network: "vlan", claim: "userName" };
    for (const [resource, field] of Object.entries(fields)) {
      expect(warningsOn(done, resource).join("\n"))
        .to.contain(`: ${field} is owned by field manager "kubectl-edit", no longer by this resource.`)
        .and.to.contain('To take it back, set forceConflicts: true, or have "kubectl-edit" let go of it.');
    }
    const known = Object.fromEntries((await all.stack.resources()).map(({ urn, outputs }) => [nameOf(urn), outputs]));
    expect([known["policy"]?.["numVfs"], known["network"]?.["vlan"], known["claim"]?.["userName"]]).to.deep.equal([
      ...[3, 200, "bob"],
    ]);
  });

  it("keeps what somebody has set until the program takes it back", async () => {
    const errors = errorsOf(await all.stack.upFails()).join("\n");
    expect(errors).to.contain('spec.numVfs is owned by field manager "kubectl-edit" with another value');
    await all.stack.up(all.program(true));
    await all.asAsked();
    expect((await all.vf.claim())?.spec.userName).to.equal("alice");
    await all.stack.refresh({ expectNoChanges: true });
  });

  it("makes anew what somebody has deleted", async () => {
    const { lab, policyName, networkName, vf } = all;
    const namespace = RECONCILER_NAMESPACE;
    await lab.client.delete(SRIOV_NETWORK, networkName, { namespace });
    await lab.client.delete(PCI_DEVICE_CLAIM, vf.name);
    await lab.client.delete(SRIOV_NETWORK_NODE_POLICY, policyName, { namespace });
    await all.pool.until("no VFs", ({ status }) => status?.virtualFunctions?.length === 0);
    await all.stack.refresh();
    expect((await all.stack.resources()).map(({ urn }) => nameOf(urn))).to.deep.equal(["nic"]);
    await all.stack.up(all.program(true));
    await all.asAsked();
  });

  it("is left with nothing by a destroy", async () => {
    await all.stack.destroy();
    expect([await all.nic.numVfs(), await all.pool.numVfs()]).to.deep.equal([0, 0]);
    expect(await all.stack.resources()).to.deep.equal([]);
  });
});

function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}
