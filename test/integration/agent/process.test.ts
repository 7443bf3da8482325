import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AGENT_ACCOUNT } from "../../../api/agent-role.js";
import { NODE, POD } from "../../../api/core.js";
import type { Lab } from "../../../lab/lab.js";
import type { LabProcess } from "../../../lab/processes/lab-run.js";
import { sharedLab } from "../../shared-lab.js";
import { until as eventually } from "../lab/until.js";
import { nics } from "./hardware.js";
import { Observer } from "./observer.js";

/** Less than a test has, so that what was waited for is told. */
const PATIENCE_MS = 40_000;

describe("the agent's process", () => {
  let lab: Lab;
  let observer: Observer;
  let kubeconfig = "";
  let socket = "";
  const spawned: LabProcess[] = [];

  before(async () => {
    lab = await sharedLab();
    observer = await Observer.start(lab.client);
    await lab.addSimulatedNode("n-process", { spec: { nics: nics(1) }, agent: false });
    kubeconfig = join(lab.run.dir, "n-process.kubeconfig");
    socket = join(lab.run.dir, "n-process.sock");
  });
  after(async () => {
    await Promise.all(spawned.map((agent) => agent.stop()));
    await observer.stop();
  });

  function spawn(name: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): LabProcess {
    const main = join(__dirname, "..", "..", "..", "lab", "nodes", "simulated", "agent.js");
    const agent = lab.run.spawn(name, process.execPath, [main, socket, ...args], { env });
    spawned.push(agent);
    return agent;
  }

  /** Path of the kubeconfig of an agent in a pod, which names its node though there is no such Node. */
  async function podKubeconfig(nodeName: string): Promise<string> {
    const { namespace, name } = AGENT_ACCOUNT;
    const pod = `agent-of-${nodeName}`;
    const spec = { nodeName, serviceAccountName: name, containers: [{ name: "agent", image: "agent" }] };
    await lab.client.create(POD, { metadata: { namespace, name: pod }, spec }, { fieldManager: "test" });
    const file = join(lab.run.dir, `${nodeName}.kubeconfig`);
    const text = await lab.controlPlane.serviceAccountKubeconfig({ namespace, name, boundPod: pod });
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  /** Fails with all that the agent has said instead. */
  async function says(agent: LabProcess, text: string | RegExp): Promise<void> {
    const said = (): string => readFileSync(agent.logFile, "utf8");
    const silence = new AbortController();
    const tooLong = delay(PATIENCE_MS, undefined, { signal: silence.signal }).then(() =>
      expect.fail(`the agent has not said "${String(text)}", but:\n${said()}`),
    );
    await Promise.race([eventually(() => new RegExp(text).test(said())), tooLong]);
    silence.abort();
    await tooLong.catch(() => undefined);
  }

  it("ends with status 0 by SIGTERM", async () => {
    const agent = spawn("quiet", ["--node-name", "n-process", "--kubeconfig", kubeconfig]);
    await observer.ready("n-process-nic0", "Unmanaged");
    await says(agent, "first scan done");
    agent.signal("SIGTERM");
    expect(await agent.exited).to.deep.equal({ code: 0, signal: null });
  });

  it("waits for a Node that is not there yet, and then works", async () => {
    const agent = spawn("early", ["--node-name", "n-early", "--kubeconfig", await podKubeconfig("n-early")]);
    await says(agent, "no Node n-early yet");
    await lab.client.apply(NODE, { metadata: { name: "n-early" } }, { fieldManager: "test" });
    await observer.ready("n-early-nic0", "Unmanaged");
    await agent.stop();
  });

  it("ends with status 0 by SIGTERM while it waits for its Node", async () => {
    const agent = spawn("waiting", ["--node-name", "n-never", "--kubeconfig", lab.controlPlane.kubeconfig]);
    await says(agent, "no Node n-never yet");
    agent.signal("SIGTERM");
    expect(await agent.exited).to.deep.equal({ code: 0, signal: null });
  });

  it("ends by SIGTERM only after a change that is under way is done and reported", async () => {
    const node = await lab.addSimulatedNode("n-hanging", { spec: { nics: nics(1) } });
    const address = nics(1)[0]?.address ?? "";
    await observer.ready("n-hanging-nic0", "Unmanaged");
    await node.hardware.hang(address, true);
    await observer.declare("n-hanging-nic0", 2);
    await node.hardware.waitForWrites(1);
    const stopped = node.stopAgent("SIGTERM");
    await node.hardware.hang(address, false);
    await stopped;
    expect(readFileSync(node.agentLog, "utf8")).to.include('"signal":"SIGTERM"');
    await observer.configured("n-hanging-nic0", 2);
  });

  it("ends with status 2 and the usage where it is not told its node", async () => {
    const agent = spawn("usage", [], {});
    expect((await agent.exited).code).to.equal(2);
    expect(readFileSync(agent.logFile, "utf8")).to.match(/NODE_NAME, must name the node[^]*usage: /);
  });

  it("ends with status 1, in words, where it has no usable kubeconfig", async () => {
    const agent = spawn("blind", ["--node-name", "n-process", "--kubeconfig", join(lab.run.dir, "missing")]);
    expect((await agent.exited).code).to.equal(1);
    expect(readFileSync(agent.logFile, "utf8")).to.include("missing cannot be read");
  });

  it("gives up on a write at its deadline, says so, and finishes when the NIC answers again", async () => {
    const agentArgs = ["--write-deadline", "0.2", "--settle-deadline", "0.2"];
    const node = await lab.addSimulatedNode("n-deadline", { spec: { nics: nics(1) }, agentArgs });
    const address = nics(1)[0]?.address ?? "";
    await observer.ready("n-deadline-nic0", "Unmanaged");
    await node.hardware.hang(address, true);
    await observer.declare("n-deadline-nic0", 2);
    const { status } = await observer.ready("n-deadline-nic0", "KernelRefused");
    expect(status?.conditions?.[0]?.message).to.include("no answer before the deadline (ETIMEDOUT)");
    await node.hardware.hang(address, false);
    await observer.configured("n-deadline-nic0", 2);
  });
});
