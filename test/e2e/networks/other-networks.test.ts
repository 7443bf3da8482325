import { expect } from "chai";
import { NETWORK_ATTACHMENT_DEFINITION } from "../../../api/network-attachment-definition.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import { errorsOf, openStack, type Program, type TestStack, warningsOn } from "../stack.js";
import { attachment, freshTwins } from "./twins.js";

function network(args: { readonly networkName?: string; readonly requireCapableNode?: boolean } = {}): Program {
  return (sriov) => ({
    key: new sriov.SriovNetwork("network", { resourceName: "pool", ...args }).networkAttachmentDefinition,
  });
}

/** The tests are one story, in order. */
describe("a network in a cluster without a capable node", function () {
  this.timeout(180_000);
  let run: LabRun;
  let lab: Lab;
  let stack: TestStack;

  before(async function () {
    this.timeout(180_000);
    run = await beginRun({ label: "incapable" });
    run.stopOnSignals();
    lab = await startLab(run);
    await lab.startController();
    await lab.addSimulatedNode("plain", { spec: { nics: [] } });
    stack = await openStack({ program: network(), environment: { KUBECONFIG: lab.controlPlane.kubeconfig } });
  });
  after(async () => {
    lab.client.close();
    await run.stop();
  });

  it("fails in preview, with the reason and the nodes that have reported", async () => {
    const [error = ""] = errorsOf(await stack.previewFails());
    expect(error).to.contain("no node of the cluster has an SR-IOV capable NIC").and.to.contain("plain");
    expect(error).to.contain("requireCapableNode: false");
  });

  it("is made where the program says so", async () => {
    const { outputs } = await stack.up(network({ requireCapableNode: false }));
    expect(await attachment(lab, String(outputs["key"]))).to.not.equal(undefined);
  });

  it("goes without a word about nodes", async () => {
    const done = await stack.destroy();
    expect(warningsOn(done, "network")).to.deep.equal([]);
  });
});

describe("a network whose attachment somebody else has made", function () {
  this.timeout(180_000);
  it("fails in preview, names the owner, and leaves it as it is", async () => {
    const { lab } = await freshTwins();
    const object = { metadata: { name: "foreign", namespace: "pulumi-sriov" }, spec: { config: "{}" } };
    await lab.client.create(NETWORK_ATTACHMENT_DEFINITION, object, { fieldManager: "somebody" });
    const stack = await openStack({ program: network({ networkName: "foreign" }) });
    const [error = ""] = errorsOf(await stack.previewFails());
    expect(error).to.contain("property networkName ").and.to.contain("pulumi-sriov/foreign is there already");
    expect((await attachment(lab, "pulumi-sriov/foreign"))?.spec).to.deep.equal({ config: "{}" });
  });
});
