import { expect } from "chai";
import { foreseeDeletes } from "../../../cli/impact/foresee-deletes.js";
import { readPreview, SECRET } from "../../../cli/impact/preview.js";
import type { ForeseenDelete } from "../../../cli/impact/report.js";
import { Cluster, type Operation, sriovNetworkDevice } from "../../../provider/index.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { hardware, type Nic, nicOf } from "../../e2e/nics.js";
import { sharedLab } from "../../shared-lab.js";
import { rescan } from "../agent/agent-process.js";
import { NIC, previewText, step, urnOf } from "../../unit/cli/previews.js";

/** Resources that a preview deletes, on a cluster where one of them has VFs. */
describe("deletes that a preview tells of", () => {
  let nic: Nic;
  let kubeconfig: string;
  /** The resource's state, as a preview shows it. */
  let state: Readonly<Record<string, unknown>>;

  before(async () => {
    const lab = await sharedLab();
    nic = nicOf(lab, await lab.addSimulatedNode("deletes-node", { spec: hardware(1) }), 0);
    ({ kubeconfig } = lab.controlPlane);
    const cluster = Cluster.open({ kubeconfig });
    const log = { inform: () => undefined, warn: () => undefined, status: () => undefined };
    const operation: Operation = { cluster, log, deadline: Date.now() + 45_000 };
    const { nodeName, interfaceName } = nic;
    const given = { nodeName, interfaceName, numVfs: 2, resourceUrn: NIC };
    const { inputs } = await sriovNetworkDevice.check(() => operation, {}, given, new Set());
    const created = await sriovNetworkDevice.create(operation, { ...inputs, ...given });
    state = { ...created.outputs };
    await cluster.close();
  });

  async function foreseen(
    change: Change,
    given: { kubeconfig?: string } = { kubeconfig },
  ): Promise<ForeseenDelete | undefined> {
    const { op = "delete", oldState = {}, outputs = {}, beside = [] } = change;
    const removed = {
      op,
      urn: NIC,
      oldState: { id: nic.deviceName, inputs: state, outputs: { ...state, ...outputs }, ...oldState },
      ...(change.newInputs && { newState: { inputs: change.newInputs } }),
    };
    return (await foreseeDeletes(readPreview(previewText({ steps: [removed, ...beside] })), given)).get(NIC);
  }

  it("are asked of the cluster", async () => {
    const told = await foreseen({});
    expect(told).to.have.nested.property("impacts[0].change", "2 → 0 VFs");
  });

  it("are asked for replacements too", async () => {
    const told = await foreseen({
      op: "replace",
      newInputs: { ...state, deviceName: "elsewhere", address: "0000:99:00.0" },
    });
    expect(told).to.have.nested.property("impacts[0].destroyed", 2);
  });

  it("take nothing from what another resource of the same up has from then on", async () => {
    const successor = step("create", { urn: urnOf("SriovNetworkDevice", "renamed"), newInputs: state });
    expect(await foreseen({ beside: [successor] })).to.deep.equal({ impacts: [] });
  });

  it("are not asked for what stays: kept on delete, only looked up, or gone with another", async () => {
    expect(await foreseen({ oldState: { retainOnDelete: true } })).to.equal(undefined);
    expect(await foreseen({ oldState: { external: true } })).to.equal(undefined);
    const host = urnOf("SriovNetworkNodePolicy", "host");
    const gone = { op: "delete", urn: host };
    expect(await foreseen({ oldState: { deletedWith: host }, beside: [gone] })).to.equal(undefined);
    expect(await foreseen({ oldState: { deletedWith: host } })).to.have.property("impacts");
  });

  it("take along, once, what two resources share that both go", async () => {
    const client = nic.lab.client;
    const other = "pulumi-sriov-0123456789ab-01234567";
    const metadata = { name: nic.deviceName };
    await client.apply(SRIOV_NETWORK_DEVICE, { metadata, spec: { numVFS: 2 } }, { fieldManager: other });
    const urn = urnOf("SriovNetworkDevice", "twin");
    const outputs = { ...state, fieldManager: other };
    const twin = { op: "delete", urn, oldState: { id: nic.deviceName, inputs: outputs, outputs } };
    const mine = { op: "delete", urn: NIC, oldState: { id: nic.deviceName, inputs: state, outputs: state } };
    const told = await foreseeDeletes(readPreview(previewText({ steps: [mine, twin] })), { kubeconfig });
    await client.apply(SRIOV_NETWORK_DEVICE, { metadata }, { fieldManager: other, force: true });
    expect(told.get(NIC)).to.deep.equal({ impacts: [] });
    expect(told.get(urn)).to.have.nested.property("impacts[0].change", "2 → 0 VFs");
  });

  it("are not known where the state hides what the resource owns", async () => {
    const told = await foreseen({ outputs: { fieldManager: SECRET } });
    expect(told).to.have.property("problem").that.contains("fieldManager of its state is secret");
  });

  it("are not known where a resource is made anew and the preview does not tell whether it goes before", async () => {
    const address = String((state["vfAddresses"] as string[])[1]);
    await nic.node.hardware.setInterfaceElsewhere(address, true);
    rescan(nic.lab.run, nic.node);
    await nic.until("second VF used", ({ status }) => status?.virtualFunctions?.[1]?.usedBy !== undefined);
    expect(await foreseen({ op: "replace", newInputs: state })).to.have.nested.include({
      "impacts[0].change": "2 → 0 VFs if it is deleted before it is made anew",
      "impacts[0].outcome": "unknown",
    });
    const made = step("create-replacement", { oldInputs: state, newInputs: state });
    expect(await foreseen({ op: "delete-replaced", beside: [made] })).to.have.nested.property(
      "impacts[0].outcome",
      "refused",
    );
  });

  it("are not known on another cluster than the state is of", async () => {
    const told = await foreseen({ outputs: { clusterUid: "another" } });
    expect(told).to.have.property("problem").that.contains("this resource belongs to another cluster");
  });

  it("take no secret of a preview for a kubeconfig, but ask the environment", async () => {
    const before = process.env["KUBECONFIG"];
    process.env["KUBECONFIG"] = kubeconfig;
    try {
      expect(await foreseen({ outputs: { kubeconfig: SECRET } }, {})).to.have.property("impacts");
    } finally {
      if (before === undefined) delete process.env["KUBECONFIG"];
      else process.env["KUBECONFIG"] = before;
    }
  });

  it("are asked with the kubeconfig that the state shows where none is given", async () => {
    const told = await foreseen({ outputs: { kubeconfig: "/nowhere/state" } }, {});
    expect(told).to.have.property("problem").that.contains("kubeconfig /nowhere/state cannot be read");
  });
});

interface Change {
  readonly op?: string;
  readonly oldState?: object;
  readonly outputs?: object;
  readonly newInputs?: object;
  readonly beside?: object[];
}
