import { expect } from "chai";
import { Annotation } from "../../../api/names.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { DeadlineExceeded } from "../../../kube/deadline.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import {
  Cluster,
  checkDevice,
  createDevice,
  diffDevice,
  type DeviceInputs,
  type DeviceOutputs,
  PartialFailure,
  readDevice,
  updateDevice,
} from "../../../provider/index.js";
import { sharedLab } from "../../shared-lab.js";
import { NEVER_UNASKED, rescan } from "../agent/agent-process.js";
import { addressOf, countsWritten, nic, nics } from "../agent/hardware.js";
import { Observer } from "../agent/observer.js";
import { refusal } from "../refusal.js";
import { Told } from "./operations.js";

const NODE_NAME = "n-repair";
const NUM_VFS = 4;

/** A NIC for each test, on a node whose agent looks at its hardware when it is told to, or hears of a change. */
describe("a NIC that has not what its resource asks for", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;
  let cluster: Cluster;
  let told: Told;
  let index = -1;

  before(async () => {
    lab = await sharedLab();
    node = await lab.addSimulatedNode(NODE_NAME, { spec: { nics: nics(6) }, agentArgs: NEVER_UNASKED });
    observer = await Observer.start(lab.client);
  });
  beforeEach(() => {
    index++;
    cluster = Cluster.open({ kubeconfig: lab.controlPlane.kubeconfig });
    told = new Told(cluster);
  });
  afterEach(() => cluster.close());
  after(() => observer.stop());

  const name = (): string => `${NODE_NAME}-nic${index}`;
  const address = (): string => addressOf(index);
  function inputs(): DeviceInputs {
    const resourceUrn = `urn:pulumi:test::test::nic::repair-${index}`;
    return { nodeName: NODE_NAME, interfaceName: `nic${index}`, numVfs: NUM_VFS, resourceUrn };
  }
  async function make(): Promise<DeviceOutputs> {
    return (await createDevice(told.operation(), inputs())).outputs;
  }
  async function refreshed(olds: DeviceOutputs): Promise<DeviceOutputs> {
    const outputs = await readDevice(told.operation(), name(), olds);
    if (outputs === undefined) throw new Error(`${name()} is not there`);
    return outputs;
  }
  /** As an engine has it: only where something differs. */
  async function up(state: DeviceOutputs): Promise<DeviceOutputs> {
    const { changed, unfinished } = diffDevice(state, { ...inputs(), address: state.address }, new Set());
    return changed || unfinished ? updateDevice(told.operation(), name(), state, inputs()) : state;
  }

  it("gets it by the next up, where its driver made fewer VFs and the cause is gone", async () => {
    await observer.device(name(), ({ status }) => status !== undefined);
    await node.hardware.setEnableLimit(address(), 3);
    const time = new AbortController();
    const created = createDevice({ ...told.operation(), signal: time.signal }, inputs());
    void told.until(/^KernelRefused/).then(() => time.abort(new DeadlineExceeded("the test's")));
    const { outputs, message } = await refusal(created, PartialFailure<DeviceOutputs>);
    expect(message).to.contain("its driver makes no more").and.not.to.contain("..");
    await node.hardware.setEnableLimit(address(), undefined);
    expect((await up(outputs)).vfAddresses).to.have.length(NUM_VFS);
    const { metadata } = await observer.device(
      name(),
      (nic) => nic.metadata.annotations?.[Annotation.tryAgain] === undefined,
    );
    expect(metadata.managedFields?.filter(({ manager }) => manager === outputs.fieldManager)).to.have.length(1);
  });

  it("gets it by the next up, where its VFs are missing and the agent was refused to put them back", async () => {
    const state = await make();
    await node.hardware.setEnableLimit(address(), 2);
    await node.hardware.setNumVfsByHand(address(), 0);
    rescan(lab.run, node);
    await observer.ready(name(), "KernelRefused");
    const short = await refreshed(state);
    expect(short.numVfs).to.equal(2);
    expect(told.warned.join()).to.contain(`${name()} has 2 VFs on node ${NODE_NAME}, where spec.numVFS asks for 4`);
    const { failures } = await checkDevice(() => told.operation(), inputs(), inputs(), new Set());
    expect(failures).to.deep.equal([]);
    expect(told.warned.at(-1)).to.match(
      /^n-repair-nic1 has 2 of the 4 VFs .*has it tried again \(2 → 4 VFs\); else .*\.$/,
    );
    await node.hardware.setEnableLimit(address(), undefined);
    const repaired = await up(short);
    expect([repaired.numVfs, repaired.vfAddresses.length, repaired.status]).to.deep.equal([
      NUM_VFS,
      NUM_VFS,
      "Configured",
    ]);
  });

  it("keeps what it has while that is in use, and asks for no more then", async () => {
    const state = await make();
    await node.hardware.setEnableLimit(address(), 2);
    await node.hardware.setNumVfsByHand(address(), 0);
    rescan(lab.run, node);
    const { status } = await observer.ready(name(), "KernelRefused");
    await node.hardware.setInterfaceElsewhere(status?.vfAddresses?.[0] ?? "", true);
    rescan(lab.run, node);
    await observer.device(name(), (device) => device.status?.virtualFunctions?.[0]?.usedBy !== undefined);
    const { outputs, message } = await refusal(up(await refreshed(state)), PartialFailure<DeviceOutputs>);
    expect(message).to.contain("VFs in use: ").and.to.contain("The count was put back to 2.");
    expect([outputs.numVfs, await node.numVfs(address())]).to.deep.equal([2, 2]);
    await node.hardware.setInterfaceElsewhere(status?.vfAddresses?.[0] ?? "", false);
    rescan(lab.run, node);
  });

  it("gets it by the next up, where it was gone and has come back", async () => {
    const state = await make();
    await node.hardware.unplug(address());
    rescan(lab.run, node);
    await observer.ready(name(), "DeviceGone");
    const gone = await refreshed(state);
    expect([gone.numVfs, gone.vfAddresses]).to.deep.equal([0, []]);
    const { outputs } = await refusal(up(gone), PartialFailure<DeviceOutputs>);
    await node.hardware.plug(nic(index));
    rescan(lab.run, node);
    await observer.configured(name(), NUM_VFS);
    expect((await up(outputs)).vfAddresses).to.have.length(NUM_VFS);
    expect((await up(await refreshed(gone))).status).to.equal("Configured");
  });

  it("is not told to get VFs by a preview while it is gone", async () => {
    const state = await make();
    await node.hardware.unplug(address());
    rescan(lab.run, node);
    await observer.ready(name(), "DeviceGone");
    const { failures } = await checkDevice(() => told.operation(), await refreshed(state), inputs(), new Set());
    expect(failures).to.deep.equal([]);
    expect(told.warned.at(-1)).to.match(/^n-repair-nic4 is gone: no SR-IOV device .*\. Until it is back, up fails\.$/);
    expect(told.informed.join()).not.to.contain("created");
  });

  it("is not written, nor tried again, where it has all that is asked for", async () => {
    const state = await make();
    const { resourceVersion } = (await lab.client.get(SRIOV_NETWORK_DEVICE, name())).metadata;
    await updateDevice(told.operation(), name(), state, inputs());
    expect((await lab.client.get(SRIOV_NETWORK_DEVICE, name())).metadata.resourceVersion).to.equal(resourceVersion);
    expect(await countsWritten(node.hardware, address())).to.deep.equal([NUM_VFS]);
  });
});
