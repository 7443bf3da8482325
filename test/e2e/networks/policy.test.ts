import { expect } from "chai";
import { NODE } from "../../../api/core.js";
import { Label } from "../../../api/names.js";
import { SRIOV_NETWORK_NODE_POLICY } from "../../../api/sriov-network-node-policy.js";
import { readyCondition } from "../../../api/sriov-network-device.js";
import { nicOf, hardware, untilObject } from "../nics.js";
import { errorsOf, openStack, type TestStack, warningsOn } from "../stack.js";
import { policyProgram } from "./policy-program.js";
import { found, freshTwins, informedOf, type Twins, SERIES } from "./twins.js";

/** A policy from its creation to its end. The tests are one story, in order. */
describe("a policy of two nodes", function () {
  this.timeout(180_000);
  let twins: Twins;
  let stack: TestStack;
  let policyName = "";

  before(async () => {
    twins = await freshTwins();
    stack = await openStack({ program: policyProgram(twins) });
  });

  it("is told in preview with each NIC and its change, and without a warning where no VF goes", async () => {
    const done = await stack.preview();
    const [told = ""] = informedOf(done, "policy");
    expect(told).to.include("selects 2 NICs");
    for (const nic of twins.nics) {
      expect(told).to.match(
        new RegExp(`${nic.deviceName} \\(${nic.interfaceName}, ${nic.address} on node ${nic.nodeName}\\): 0 → 2`),
      );
    }
    expect(warningsOn(done, "policy")).to.deep.equal([]);
    expect(await twins.numVfs()).to.deep.equal([0, 0]);
  });

  it("gives both NICs their VFs, and puts them out by node and address", async () => {
    const { outputs } = await stack.up();
    policyName = String(outputs["policyName"]);
    expect(await twins.numVfs()).to.deep.equal([2, 2]);
    const vfs = ["10.0", "10.2"].map((vf) => twins.nics[0].address.replace("00.0", vf));
    expect(outputs["matched"]).to.deep.equal(
      twins.nics.map(({ deviceName, nodeName, interfaceName, address }) => ({
        ...{ deviceName, nodeName, interfaceName, address, numVfs: 2, vfRange: "0-1", vfAddresses: vfs },
      })),
    );
  });

  it("leaves nothing to do, and has not drifted", async () => {
    expect((await stack.preview()).steps).to.deep.equal({});
    const before = await stack.resources();
    await stack.refresh();
    expect(await stack.resources()).to.deep.equal(before);
  });

  it("warns in preview, NIC by NIC, of the VFs that a new count destroys", async () => {
    const warnings = warningsOn(await stack.preview(policyProgram(twins, { numVfs: 3 })), "policy");
    for (const { deviceName, nodeName } of twins.nics) {
      const own = warnings.filter((warning) =>
        warning.includes(`impact on NIC ${deviceName} of node ${nodeName}: 2 → 3 VFs; 2 VFs destroyed, 3 VFs created`),
      );
      expect(own, warnings.join("\n")).to.have.length(1);
    }
  });

  it("keeps its VFs while its resource gets another name in the program, without an alias", async () => {
    const before = await twins.writes();
    await stack.up(policyProgram(twins, { policyName }, {}, "renamed"));
    expect(await twins.writes()).to.deep.equal(before);
    expect((await stack.resources()).map(({ urn }) => urn.split("::").at(-1))).to.deep.equal(["renamed"]);
  });

  it("is taken over by a stack elsewhere only with the same values, and says whose it is", async () => {
    const other = await openStack({ program: policyProgram(twins, { policyName, numVfs: 5 }) });
    const said = errorsOf(await other.upFails()).join("\n");
    expect(said)
      .to.include(policyName)
      .and.to.match(/pulumi-sriov-[0-9a-f]{12}/);
    expect(await twins.numVfs()).to.deep.equal([2, 2]);
  });

  it("configures a node that joins, with no up, and reports the node as capable", async () => {
    const node = await twins.lab.addSimulatedNode("twin-late", {
      spec: hardware(twins.index + 1, SERIES),
      agent: false,
    });
    const labels = twins.nodeSelector;
    await twins.lab.client.merge(NODE, node.name, { metadata: { labels } }, { fieldManager: "person" });
    await node.startAgent();
    const late = nicOf(twins.lab, node, twins.index, SERIES);
    await late.until("ready by policy", (device) => readyCondition(device)?.reason === "Configured");
    expect(await late.numVfs()).to.equal(2);
    // The agent labels the node beside its work on the NICs.
    const joined = await untilObject(twins.lab, NODE, node.name, "labelled", ({ metadata }) =>
      Boolean(metadata.labels?.[Label.capable]),
    );
    expect(joined.metadata.labels).to.include({ [Label.capable]: "true", [Label.featureCapable]: "true" });
    await node.stopAgent("SIGTERM");
    await twins.lab.client.delete(NODE, node.name);
  });

  it("leaves no VF and no policy behind when it is destroyed", async () => {
    await stack.destroy();
    expect(await twins.numVfs()).to.deep.equal([0, 0]);
    expect(await found(twins.lab, SRIOV_NETWORK_NODE_POLICY, policyName)).to.equal(undefined);
  });
});
