import { expect } from "chai";
import { admissionPolicyBindings, VALIDATING_ADMISSION_POLICY_BINDING } from "../../../api/admission-policies.js";
import { Annotation } from "../../../api/names.js";
import { type Lab, startLab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { beginRun, type LabRun } from "../../../lab/processes/lab-run.js";
import {
  Cluster,
  createDevice,
  type DeviceInputs,
  type DeviceOutputs,
  type Operation,
  PartialFailure,
  updateDevice,
} from "../../../provider/index.js";
import { rescan } from "../agent/agent-process.js";
import { addressOf, countsWritten, nics } from "../agent/hardware.js";
import { Observer } from "../agent/observer.js";
import { change, deviceWithVfs } from "../api/guarded.js";
import { until as eventually } from "../lab/until.js";
import { refusal } from "../refusal.js";

/** A cluster of its own, whose guards somebody has unbound: the agent's own look is all that is left. */
describe("the provider on a cluster without guards", () => {
  let run: LabRun;
  let lab: Lab;
  let node: SimulatedNode;
  let cluster: Cluster;
  let observer: Observer;
  let state: DeviceOutputs;
  const NAME = "n-unguarded-nic0";
  const inputs = (numVfs: number, onVfsInUse: "refuse" | "proceed"): DeviceInputs => {
    const resourceUrn = "urn:pulumi:test::test::nic::unguarded";
    return { nodeName: "n-unguarded", interfaceName: "nic0", numVfs, onVfsInUse, resourceUrn };
  };
  const operation = (): Operation => {
    const log = { inform: () => undefined, warn: () => undefined, status: () => undefined };
    return { cluster, log, deadline: Date.now() + 30_000 };
  };

  before(async () => {
    run = await beginRun({ label: "test" });
    lab = await startLab(run);
    for (const { metadata } of admissionPolicyBindings()) {
      await lab.client.delete(VALIDATING_ADMISSION_POLICY_BINDING, metadata.name);
    }
    const unguarded = await deviceWithVfs(lab, ["pod web/router-0"]);
    await eventually(() =>
      change(lab.client, unguarded, { count: 0 }).then(
        () => true,
        () => false,
      ),
    );
    node = await lab.addSimulatedNode("n-unguarded", { spec: { nics: nics(1) } });
    cluster = Cluster.open({ kubeconfig: lab.controlPlane.kubeconfig });
    observer = await Observer.start(lab.client);
    state = (await createDevice(operation(), inputs(2, "refuse"))).outputs;
    await node.hardware.setInterfaceElsewhere(state.vfAddresses[0] ?? "", true);
    rescan(run, node);
    await observer.device(NAME, ({ status }) => status?.virtualFunctions?.[0]?.usedBy !== undefined);
  });
  after(async () => {
    await observer.stop();
    await cluster.close();
    lab.client.close();
    await run.stop();
  });

  it("puts the count back that the agent refuses, since VFs are in use", async () => {
    const error = await refusal(updateDevice(operation(), NAME, state, inputs(3, "refuse")), PartialFailure);
    expect(error.message).to.include("another network namespace").and.to.include("The count was put back to 2.");
    expect(await countsWritten(node.hardware, addressOf(0))).to.deep.equal([2]);
  });

  it("proceeds by the same annotation, of which nothing stays", async () => {
    const { vfAddresses } = await updateDevice(operation(), NAME, state, inputs(3, "proceed"));
    expect(vfAddresses).to.have.length(3);
    await observer.device(NAME, ({ metadata }) => metadata.annotations?.[Annotation.allowDisruption] === undefined);
    expect(await countsWritten(node.hardware, addressOf(0))).to.deep.equal([2, 0, 3]);
  });
});
