import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { NODE } from "../../../../api/core.js";
import { VIRTUAL_MACHINE_INSTANCE } from "../../../../api/kubevirt.js";
import { VLAN_CONFIG } from "../../../../api/vlan-config.js";
import { KubeClient } from "../../../../kube/client.js";
import { type Lab, startLab } from "../../../../lab/lab.js";
import { SimulatedKernel } from "../../../../lab/nodes/simulated/client.js";
import type { SimulatedNode } from "../../../../lab/nodes/simulated-node.js";
import { beginRun } from "../../../../lab/processes/lab-run.js";
import { Agent } from "../../../../reconciler/agent/agent.js";
import { parseAgentSettings } from "../../../../reconciler/agent/options.js";
import { noEvents } from "../../../../reconciler/service/events.js";
import { noMetrics } from "../../../../reconciler/agent/service/metrics.js";
import { NodeUsers } from "../../../../reconciler/agent/usage/node-users.js";
import { install } from "../../kube/optional-kind.js";
import { until } from "../../lab/until.js";
import { nics } from "../hardware.js";

const NODE_NAME = "n-rest";
const USER_AGENT = "agent-at-rest";
const LOOKS = 5;

describe("an agent with nothing to do", () => {
  // A lab of its own, for its audit log, and since kinds come here that others may not want.
  let lab: Lab;
  let node: SimulatedNode;
  let client: KubeClient;
  let kernel: SimulatedKernel;
  let agent: Agent;
  let atRest: string[];

  before(async () => {
    const run = await beginRun({ label: "test" });
    run.stopOnSignals();
    lab = await startLab(run, { audit: true });
    node = await lab.addSimulatedNode(NODE_NAME, { spec: { nics: nics(3) }, agent: false });
    client = KubeClient.open({ kubeconfig: join(run.dir, `${NODE_NAME}.kubeconfig`) }, USER_AGENT);
    kernel = new SimulatedKernel(join(run.dir, `${NODE_NAME}.sock`));
    const log = pino({ level: "silent" });
    const settings = parseAgentSettings(["--node-name", NODE_NAME, "--pod-resources", join(run.dir, "none.sock")], {});
    const users = new NodeUsers({ client, log, metrics: noMetrics, ...settings });
    agent = new Agent({ client, kernel, log, users, events: noEvents, metrics: noMetrics }, settings);
    await agent.start();
    await lab.awaitReport(node);
    const before = (await requests("reported")).length;
    for (let look = 0; look < LOOKS; look++) await agent.look();
    atRest = (await requests("looked")).slice(before);
  });
  after(async () => {
    await agent.stop();
    client.close();
    kernel.close();
    lab.client.close();
    await lab.run.stop();
  });

  /** All that the agent has asked for so far, as `get /api/v1/nodes`; watches apart. */
  async function requests(mark: string): Promise<string[]> {
    // The log is complete up to a request that is in it.
    await lab.client.list(NODE, { labels: { mark } });
    await until(() => auditLog().includes(`mark%3D${mark}`));
    return events()
      .filter(({ verb }) => verb !== "watch")
      .map(({ verb, requestURI }) => `${verb} ${requestURI}`);
  }

  const auditLog = (): string => readFileSync(lab.controlPlane.auditLog ?? "", "utf8");
  const events = () =>
    auditLog()
      .split("\n")
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as AuditEvent)
      .filter(({ userAgent }) => userAgent === USER_AGENT);
  const watched = () =>
    new Set(events().flatMap(({ verb, objectRef }) => (verb === "watch" ? [objectRef?.resource] : [])));

  it("reads which kinds there are, once each time that it looks, and writes nothing", () => {
    expect(atRest).to.deep.equal(Array.from({ length: LOOKS }, () => "get /apis"));
  });

  it("watches no kind that the cluster lacks", () => {
    expect([...watched()].sort()).to.deep.equal([
      "nodes",
      "pcideviceclaims",
      "pcidevices",
      "pods",
      "sriovnetworkdevices",
    ]);
  });

  it("watches the pods of its own node alone", () => {
    const pods = events().filter(({ objectRef }) => objectRef?.resource === "pods");
    expect(
      pods.map(({ requestURI }) => requestURI).filter((uri) => !uri.includes(`spec.nodeName%3D${NODE_NAME}`)),
    ).to.deep.equal([]);
  });

  it("watches the kinds that are installed later", async () => {
    for (const type of [VLAN_CONFIG, VIRTUAL_MACHINE_INSTANCE]) await install(lab.client, type);
    await until(async () => {
      await agent.look();
      return watched().has(VLAN_CONFIG.plural) && watched().has(VIRTUAL_MACHINE_INSTANCE.plural);
    });
  });
});

interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string };
}
