import { expect } from "chai";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { sharedLab } from "../../shared-lab.js";
import { untilObject } from "../nics.js";
import { type Program, type TestStack, warningsOn } from "../stack.js";
import { keptState, outputsOf } from "./kept-state.js";

/** The state of the first version, in a cluster as it has left it. The tests are one story, in order. */
describe("a state that the first version has written", function () {
  this.timeout(120_000);
  const nodeName = "first-version";
  let lab: Lab;
  let node: SimulatedNode;
  let stack: TestStack;
  let outputs: Readonly<Record<string, unknown>>;

  function asking(numVfs: number): Program {
    return (sriov) => {
      const args = { nodeName, interfaceName: "eno49", numVfs, forceConflicts: false };
      const { deviceName, vfAddresses, vfPciDevices } = new sriov.SriovNetworkDevice("nic", args);
      return { device: deviceName, vfAddresses, vfPciDevices };
    };
  }
  const deviceName = (): string => String(outputs["deviceName"]);
  const numVfs = (): Promise<number> => node.numVfs(String(outputs["address"]));

  before(async () => {
    lab = await sharedLab();
    node = await lab.addSimulatedNode(nodeName);
    const state = await keptState(lab, "first-version.json", nodeName);
    outputs = outputsOf(state, "nic");
    const device = { metadata: { name: deviceName() }, spec: { numVFS: 4 } };
    const fieldManager = String(outputs["fieldManager"]);
    await lab.client.apply(SRIOV_NETWORK_DEVICE, device, { fieldManager, force: false });
    const has4 = ({ status }: { status?: { vfAddresses?: readonly string[] } }) => status?.vfAddresses?.length === 4;
    await untilObject(lab, SRIOV_NETWORK_DEVICE, deviceName(), "4 VFs", has4);
    stack = await state.open({ project: "pulumi-sriov", stack: "lab" }, asking(4));
  });

  it("is refreshed, and shows no difference", async () => {
    const done = await stack.refresh({ expectNoChanges: true });
    expect(warningsOn(done, "nic")).to.deep.equal([]);
  });

  it("leaves today's code nothing to do", async () => {
    await stack.up(undefined, { expectNoChanges: true });
  });

  it("is updated in place, under the manager that it remembers", async () => {
    const { steps } = await stack.up(asking(6));
    expect(steps["nic"]?.op).to.equal("update");
    expect(await numVfs()).to.equal(6);
    const { managedFields } = (await lab.client.get(SRIOV_NETWORK_DEVICE, deviceName())).metadata;
    const owners = managedFields?.filter(({ fieldsV1 }) => fieldsV1?.["f:spec"]?.["f:numVFS"] !== undefined);
    expect(owners?.map(({ manager }) => manager)).to.deep.equal([outputs["fieldManager"]]);
  });

  it("is destroyed, and no VF is left", async () => {
    const done = await stack.destroy();
    expect(warningsOn(done, "nic")).to.deep.equal([]);
    expect(await numVfs()).to.equal(0);
    expect(await stack.resources()).to.deep.equal([]);
  });
});
