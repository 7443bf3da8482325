import { expect } from "chai";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { join } from "node:path";
import { EVENT, type Event } from "../../../api/event.js";
import { SRIOV_NETWORK_DEVICE } from "../../../api/sriov-network-device.js";
import { Informer } from "../../../kube/informer.js";
import type { Lab } from "../../../lab/lab.js";
import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import type { LabProcess } from "../../../lab/processes/lab-run.js";
import { sharedLab } from "../../shared-lab.js";
import { until as eventually } from "../lab/until.js";
import { rescan } from "./agent-process.js";
import { addressOf, nics } from "./hardware.js";
import { Observer, until } from "./observer.js";

const run = promisify(execFile);

describe("the agent as a service", () => {
  let lab: Lab;
  let observer: Observer;
  let events: Informer<Event>;
  let node: SimulatedNode;
  const device = "n-service-nic0";

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    events = new Informer(lab.client, EVENT, { namespace: "default" }).start();
    node = await lab.addSimulatedNode("n-service", { spec: { nics: nics(2) } });
    await observer.ready(device, "Unmanaged");
  });
  after(async () => {
    await node.stopAgent("SIGTERM");
    await Promise.all([observer.stop(), events.stop()]);
  });

  async function get(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://127.0.0.1:${portIn(node.agentLog)}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async function eventOf(name: string, message: RegExp): Promise<Event> {
    const find = (): Event | undefined =>
      events.list().find((event) => event.involvedObject.name === name && message.test(event.message));
    return until(events, find, () => true, `event of ${name} like ${String(message)}`);
  }

  it("is ready once it has seen its hardware", async () => {
    expect(await get("/readyz")).to.deep.equal({ status: 200, body: "ok\n" });
  });

  it("counts a change that it has made, and the requests that this took", async () => {
    await observer.declare(device, 2);
    await observer.configured(device, 2);
    rescan(lab.run, node);
    await eventually(async () => /virtual_functions 2/.test((await get("/metrics")).body));
    const { body } = await get("/metrics");
    expect(body).to.match(/pulumi_sriov_agent_changes_total\{result="configured"\} 1/);
    expect(body).to.match(/api_requests_total\{verb="create",resource="pcidevices",code="201"\} 2/);
  });

  it("shows a change in kubectl describe", async () => {
    await eventOf(device, /2/);
    const args = ["--kubeconfig", lab.controlPlane.kubeconfig, "describe", "srnd", device];
    const { stdout } = await run("kubectl", args);
    expect(stdout).to.match(/Events:\n.*\n.*\n\s+Normal\s+VfsChanged\s.*pulumi-sriov-agent/);
  });

  it("shows a refused change in kubectl get events, with the node that it came from", async () => {
    await node.hardware.failNext(addressOf(1), "EIO");
    await observer.declare("n-service-nic1", 2);
    await eventOf("n-service-nic1", /EIO/);
    const args = ["--kubeconfig", lab.controlPlane.kubeconfig, "get", "events", "-n", "default", "-o", "wide"];
    const { stdout } = await run("kubectl", args);
    expect(stdout).to.match(/Warning\s+ChangeRefused\s+sriovnetworkdevice\/n-service-nic1\s.*n-service\s.*EIO/);
  });

  it("raises the count of an event that comes again", async () => {
    const message = (await eventOf(device, /2/)).message;
    for (const count of [0, 2]) {
      await observer.declare(device, count);
      await observer.configured(device, count);
    }
    const same = (): Event | undefined =>
      events.list().find((event) => event.involvedObject.name === device && event.message === message);
    const { count } = await until(events, same, (event) => event.count > 1, "second of the same event");
    expect(count).to.equal(2);
  });
});

describe("the agent with --once", () => {
  let lab: Lab;
  let observer: Observer;
  let node: SimulatedNode;
  const agents: LabProcess[] = [];

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    node = await lab.addSimulatedNode("n-once", { spec: { nics: nics(2) }, agent: false });
  });
  after(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await observer.stop();
  });

  function once(name: string, nodeName = "n-once", kubeconfig = "n-once.kubeconfig"): LabProcess {
    const program = join(__dirname, "..", "..", "..", "lab", "nodes", "simulated", "agent.js");
    const args = [join(lab.run.dir, "n-once.sock"), "--node-name", nodeName, "--once"];
    const file = join(lab.run.dir, kubeconfig);
    const agent = lab.run.spawn(name, process.execPath, [program, ...args, "--kubeconfig", file]);
    agents.push(agent);
    return agent;
  }

  const logOf = (agent: LabProcess): string => readFileSync(agent.logFile, "utf8");

  it("gives every NIC what it is asked for, and ends with status 0", async () => {
    const spec = { nodeName: "n-once", address: addressOf(0), numVFS: 3 };
    await lab.client.create(
      SRIOV_NETWORK_DEVICE,
      { metadata: { name: "n-once-nic0" }, spec },
      { fieldManager: "test" },
    );
    const agent = once("once");
    expect((await agent.exited).code, logOf(agent)).to.equal(0);
    await observer.configured("n-once-nic0", 3);
    await observer.ready("n-once-nic1", "Unmanaged");
  });

  it("ends with status 1 and names the device that is not Ready", async () => {
    await node.hardware.failNext(addressOf(1), "EIO");
    await observer.declare("n-once-nic1", 2);
    const agent = once("once-refused");
    expect((await agent.exited).code).to.equal(1);
    expect(logOf(agent)).to.match(/not every device is Ready: n-once-nic1: KernelRefused: .*EIO/);
  });

  it("ends with status 1 where there is no such Node", async () => {
    const admin = join("control-plane", "admin.kubeconfig");
    const agent = once("once-nowhere", "n-nowhere", admin);
    expect((await agent.exited).code).to.equal(1);
    expect(logOf(agent)).to.include("there is no Node n-nowhere; check --node-name");
  });
});

/** The log is where an agent tells which port it got. */
function portIn(agentLog: string): number {
  const line = readFileSync(agentLog, "utf8")
    .split("\n")
    .find((text) => text.includes("health and metrics are served"));
  return (JSON.parse(line ?? "{}") as { port?: number }).port ?? 0;
}
