import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import type { LabController } from "../../../lab/controller.js";
import { attachment, informedOf } from "../../e2e/networks/twins.js";
import { openStack, type Program, type TestStack } from "../../e2e/stack.js";
import { AgentOnGuest } from "../agent/agent-on-guest.js";
import { first, second } from "../agent/guest.js";

/** A program with a policy and a network on a node with a real kernel, from preview to destroy. One story, in order. */
describe("a program with a policy and a network, on a real kernel", function () {
  this.timeout(240_000);
  let hw: AgentOnGuest;
  let controller: LabController;
  let stack: TestStack;
  let attached = "";

  const asking =
    (resourceName: string): Program =>
    (sriov) => {
      const policy = new sriov.SriovNetworkNodePolicy("guest", {
        ...{ resourceName, numVfs: 3, nodeSelector: { "network-sriov.capable": "true" } },
        nicSelector: { rootDevices: [first.address] },
      });
      const network = new sriov.SriovNetwork("guest", { policy, vlan: 100 });
      return { matched: policy.matchedDevices, attached: network.networkAttachmentDefinition };
    };
  const macAddresses = async (): Promise<unknown[]> =>
    (await hw.guest.virtualFunctions(first)).map(({ macAddress }) => macAddress);
  const resourceName = async (): Promise<string | undefined> =>
    (await attachment(hw.lab, attached))?.metadata.annotations?.[Annotation.resourceName];

  before(async function () {
    this.timeout(600_000);
    hw = await AgentOnGuest.shared();
    await hw.restore();
    await hw.observer.release(hw.nameOf(first));
    controller = await hw.lab.startController();
    stack = await openStack({ program: asking("guest") });
  });
  after(async () => {
    await controller.stop();
    await hw.restore();
  });

  it("is told in preview with the NIC that matches and its change", async () => {
    const told = informedOf(await stack.preview(), "guest").join("\n");
    expect(told)
      .to.include("selects 1 NIC")
      .and.to.match(new RegExp(`${hw.nameOf(first)} .*0 → 3`));
  });

  it("makes the VFs in the guest's kernel, and returns with their addresses", async () => {
    const { outputs } = await stack.up();
    attached = String(outputs["attached"]);
    const vfs = (await hw.guest.virtualFunctions(first)).map(({ address }) => address);
    expect(vfs).to.deep.equal(["0000:01:10.0", "0000:01:10.2", "0000:01:10.4"]);
    expect((outputs["matched"] as { vfAddresses: string[] }[])[0]?.vfAddresses).to.deep.equal(vfs);
    expect(await hw.guest.virtualFunctions(second)).to.deep.equal([]);
  });

  it("makes the attachment with the policy's resource name", async () => {
    expect(await resourceName()).to.equal("openshift.io/guest");
  });

  it("carries another resource name into the attachment, and no VF goes", async () => {
    const before = await macAddresses();
    await stack.up(asking("renamed"));
    expect(await resourceName()).to.equal("openshift.io/renamed");
    expect(await macAddresses()).to.deep.equal(before);
  });

  it("leaves no VF and no attachment behind when it is destroyed", async () => {
    await stack.destroy();
    expect(await hw.guest.virtualFunctions(first)).to.deep.equal([]);
    expect(await attachment(hw.lab, attached)).to.equal(undefined);
  });
});
