import { expect } from "chai";
import { join } from "node:path";
import { pino } from "pino";
import { NODE } from "../../../api/core.js";
import { type LeftOutNic, leftOutNics } from "../../../api/left-out-nic.js";
import { Annotation } from "../../../api/names.js";
import type { SriovNetworkDevice } from "../../../api/sriov-network-device.js";
import { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";
import { SimulatedKernel } from "../../../lab/nodes/simulated/client.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { Agent } from "../../../reconciler/agent/agent.js";
import { parseAgentSettings } from "../../../reconciler/agent/options.js";
import type { ObjectEvent } from "../../../reconciler/service/events.js";
import { noMetrics } from "../../../reconciler/agent/service/metrics.js";
import { kernelUsers } from "../../kernel-users.js";
import { sharedLab } from "../../shared-lab.js";
import { until as eventually } from "../lab/until.js";
import { countsWritten, nic } from "./hardware.js";
import { Observer } from "./observer.js";

/** In this process, so that it can be told another address than loopback, which is all that a test's cluster has. */
describe("an agent that leaves NICs out", () => {
  let lab: Lab;
  let node: SimulatedNode;
  let observer: Observer;
  let client: KubeClient;
  let agent: Agent;
  const events: (ObjectEvent & { readonly about: string })[] = [];

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    const spec = { nics: [nic(0), nic(1), nic(2), { ...nic(3), totalVfs: 0 }], defaultRouteInterfaces: ["nic2"] };
    node = await lab.addSimulatedNode("n-left", { spec, agent: false });
    await node.hardware.setUppers("nic1", ["bond1", "bond1.40"]);
    await node.hardware.setAddresses({ nic0: ["192.0.2.6"], "bond1.40": ["192.0.2.7"] });
    client = new ReachedBy("192.0.2.7", KubeClient.open({ kubeconfig: join(lab.run.dir, "n-left.kubeconfig") }).config);
    agent = new Agent(
      {
        client,
        kernel: new SimulatedKernel(join(lab.run.dir, "n-left.sock")),
        log: pino({ enabled: false }),
        users: kernelUsers,
        events: { record: (_type, about, event) => events.push({ ...event, about: about.metadata.name }) },
        metrics: noMetrics,
      },
      parseAgentSettings(["--node-name", "n-left"], {}),
    );
    await agent.start();
    await lab.awaitReport(node);
  });
  after(async () => {
    await agent.stop();
    client.close();
    await observer.stop();
  });

  class ReachedBy extends KubeClient {
    constructor(
      private readonly own: string,
      config: KubeClient["config"],
    ) {
      super(config);
    }

    override localAddress(): string {
      return this.own;
    }
  }

  const names = (): string[] =>
    observer.devices
      .list()
      .filter(({ spec }) => spec.nodeName === "n-left")
      .map(({ metadata }) => metadata.name);
  const said = async (): Promise<readonly LeftOutNic[]> => leftOutNics(await lab.client.get(NODE, "n-left"));
  const leftOutEvents = () => events.filter(({ reason }) => reason === "NicLeftOut");
  const eligible = (device: SriovNetworkDevice) => device.status?.conditions?.find(({ type }) => type === "Eligible");

  it("offers the others", async () => {
    await observer.ready("n-left-nic0", "Unmanaged");
    expect(names()).to.deep.equal(["n-left-nic0"]);
  });

  it("says on the Node which and why: the API server's connection, the default route, and no SR-IOV", async () => {
    const [connection, route, incapable] = await said();
    const reason = "nic1 carries the node's connection to the API server (192.0.2.7 on bond1.40)";
    expect(connection).to.deep.equal({ address: "0000:02:00.0", interfaceName: "nic1", reason });
    expect(route?.reason).to.equal("nic2 carries the node's default route (nic2)");
    expect(incapable).to.include({ address: "0000:04:00.0", interfaceName: "nic3" });
    expect(incapable?.reason).to.include("sriov_totalvfs is missing or 0");
  });

  it("tells of each NIC that can have VFs by an event on the Node", () => {
    expect(leftOutEvents().map(({ type, about }) => `${type} ${about}`)).to.deep.equal([
      "Normal n-left",
      "Normal n-left",
    ]);
    expect(leftOutEvents().map(({ message }) => message.split(" is not")[0])).to.deep.equal([
      "nic1 (0000:02:00.0)",
      "nic2 (0000:03:00.0)",
    ]);
  });

  it("keeps the object and the VFs of a NIC that stops qualifying", async () => {
    await observer.declare("n-left-nic0", 2);
    await observer.configured("n-left-nic0", 2);
    await node.hardware.setUppers("nic0", ["bond0", "mgmt-br"]);
    await agent.scan();
    const device = await observer.device("n-left-nic0", (it) => eligible(it)?.status === "False");
    const message = "nic0 belongs to the management interface mgmt-br";
    expect(eligible(device)).to.include({ reason: "ManagementInterface", message });
    expect(device.status?.vfAddresses).to.have.length(2);
    expect(await countsWritten(node.hardware, "0000:01:00.0")).to.deep.equal([2]);
  });

  it("says so on the Node and by an event", async () => {
    await eventually(async () => (await said())[0]?.interfaceName === "nic0");
    expect(
      leftOutEvents()
        .slice(2)
        .map(({ message }) => message),
    ).to.deep.equal(["nic0 (0000:01:00.0) is not offered: nic0 belongs to the management interface mgmt-br"]);
  });

  it("calls its node incapable then, since no NIC is offered", async () => {
    await eventually(
      async () => (await lab.client.get(NODE, "n-left")).metadata.labels?.["network-sriov.capable"] === "false",
    );
  });

  it("follows such a NIC where it is renamed", async () => {
    await node.hardware.rename("0000:01:00.0", "mgmt0");
    await node.hardware.setUppers("mgmt0", ["bond0", "mgmt-br"]);
    await agent.scan();
    const renamed = await observer.device("n-left-nic0", ({ status }) => status?.interfaceName === "mgmt0");
    expect(renamed.metadata.annotations?.[Annotation.interfaceName]).to.equal("mgmt0");
  });

  it("offers it again when it qualifies again", async () => {
    await node.hardware.setUppers("mgmt0", []);
    await agent.scan();
    await observer.device("n-left-nic0", (it) => eligible(it)?.status === "True");
    await eventually(async () => (await said())[0]?.interfaceName === "nic1");
  });
});
