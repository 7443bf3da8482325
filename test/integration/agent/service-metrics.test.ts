import { expect } from "chai";
import { readFileSync } from "node:fs";
import type { KubeObject } from "../../../api/object.js";
import { CLUSTER_ROLE, CLUSTER_ROLE_BINDING } from "../../../api/rbac.js";
import { KubeClient } from "../../../kube/client.js";
import type { Lab } from "../../../lab/lab.js";
import { PrometheusMetrics } from "../../../reconciler/agent/service/prometheus-metrics.js";
import { MetricsReaders } from "../../../reconciler/service/metrics-readers.js";
import { MetricsServer } from "../../../reconciler/service/metrics-server.js";
import { sharedLab } from "../../shared-lab.js";
import { getByHttps } from "../../unit/service/get-by-https.js";
import { LogLines } from "../../unit/service/log-lines.js";
import { until } from "../lab/until.js";
import { nics } from "./hardware.js";

const namespace = "metrics-readers";
const options = { fieldManager: "test", force: true };

describe("metrics beyond the machine, in the eyes of the API server", () => {
  let lab: Lab;
  const servers: MetricsServer[] = [];
  const clients: KubeClient[] = [];

  before(async () => {
    lab = await sharedLab();
    const role: KubeObject & Record<string, unknown> = {
      metadata: { name: namespace },
      rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
    };
    await lab.client.apply(CLUSTER_ROLE, role, options);
    await bind("prometheus", namespace);
    // What a reconciler needs for it, and no more.
    await bind("reconciler", "system:auth-delegator");
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    for (const client of clients.splice(0)) client.close();
  });

  function bind(account: string, role: string): Promise<unknown> {
    const binding: KubeObject & Record<string, unknown> = {
      metadata: { name: `${namespace}-${account}` },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", namespace, name: account }],
    };
    return lab.client.apply(CLUSTER_ROLE_BINDING, binding, options);
  }

  const kubeconfigOf = (name: string, server?: string): Promise<string> =>
    lab.controlPlane.serviceAccountKubeconfig({ namespace, name, ...(server !== undefined && { server }) });

  async function tokenOf(name: string): Promise<string> {
    const { users } = JSON.parse(await kubeconfigOf(name)) as { users: { user: { token: string } }[] };
    return users[0]?.user.token ?? "";
  }

  /** What is answered where the reconciler has the rights of this account. */
  async function answerTo(token: string | undefined, kubeconfig: string): Promise<{ status: number; body: string }> {
    const client = KubeClient.open({ kubeconfig });
    const lines = new LogLines();
    const parts = { metrics: new PrometheusMetrics(), readers: new MetricsReaders(client), log: lines.log };
    const server = new MetricsServer({ host: "127.0.0.1", port: 0 }, { ...parts, names: ["localhost"] });
    clients.push(client);
    servers.push(server);
    await server.listen();
    const { port = 0 } = await lines.says("are served");
    return getByHttps(port, "/metrics", token);
  }

  it("are given to an account that may get the path", async () => {
    const { status, body } = await answerTo(await tokenOf("prometheus"), await kubeconfigOf("reconciler"));
    expect([status, body.includes("process_cpu_seconds_total")]).to.deep.equal([200, true]);
  });

  it("are not given to an account that may not", async () => {
    const { status, body } = await answerTo(await tokenOf("other"), await kubeconfigOf("reconciler"));
    expect([status, body.split(" ")[0]]).to.deep.equal([403, `system:serviceaccount:${namespace}:other`]);
  });

  it("are not given for a token that the API server did not issue", async () => {
    const [header = "", claims = ""] = (await tokenOf("prometheus")).split(".");
    const { status } = await answerTo(`${header}.${claims}.c2lnbmF0dXJl`, await kubeconfigOf("reconciler"));
    expect(status).to.equal(401);
  });

  it("are not given by a reconciler that may not ask whose a token is", async () => {
    const { status } = await answerTo(await tokenOf("prometheus"), await kubeconfigOf("other"));
    expect(status).to.equal(503);
  });

  it("are not given while the API server is away", async () => {
    const away = await kubeconfigOf("reconciler", "https://127.0.0.1:1");
    const { status, body } = await answerTo(await tokenOf("prometheus"), away);
    expect([status, body.includes("process_")]).to.deep.equal([503, false]);
  });

  const portIn = (log: string): number => {
    const line = readFileSync(log, "utf8")
      .split("\n")
      .find((text) => text.includes("metrics by HTTPS are served"));
    return (JSON.parse(line ?? "{}") as { port?: number }).port ?? 0;
  };

  it("are served by an agent that is told to, to nobody without a token", async () => {
    const agentArgs = ["--metrics-listen", "127.0.0.1:0"];
    const node = await lab.addSimulatedNode("n-metrics", { spec: { nics: nics(1) }, agentArgs });
    await until(() => portIn(node.agentLog) > 0);
    expect((await getByHttps(portIn(node.agentLog), "/metrics")).status).to.equal(401);
    await node.stopAgent("SIGTERM");
  });

  it("are served by a controller that is told to, to nobody without a token", async () => {
    const controller = await lab.startController({ args: ["--metrics-listen", "127.0.0.1:0"] });
    const { logFile } = controller.process;
    await until(() => portIn(logFile) > 0);
    expect((await getByHttps(portIn(logFile), "/metrics")).status).to.equal(401);
    await controller.stop();
  });
});
