import { expect } from "chai";
import { ConnectionError } from "../../../kube/errors.js";
import { PrometheusMetrics } from "../../../reconciler/agent/service/prometheus-metrics.js";
import { TooManyReaders, type Verdict } from "../../../reconciler/service/metrics-readers.js";
import { MetricsServer } from "../../../reconciler/service/metrics-server.js";
import { type Answer, getByHttps } from "./get-by-https.js";
import { LogLines } from "./log-lines.js";

const VERDICTS: Record<string, Verdict> = {
  reader: { allowed: true },
  other: { allowed: false, who: "somebody" },
};

describe("metrics by HTTPS", () => {
  const metrics = new PrometheusMetrics();
  let lines: LogLines;
  let server: MetricsServer;
  let failure: Error | undefined;

  const judge = (token: string): Promise<Verdict> =>
    failure === undefined
      ? Promise.resolve(VERDICTS[token] ?? { allowed: false, who: undefined })
      : Promise.reject(failure);

  function start(lifetimeMs?: number): Promise<void> {
    lines = new LogLines();
    const parts = { metrics, readers: { judge }, log: lines.log, names: ["node1"] };
    server = new MetricsServer({ host: "127.0.0.1", port: 0 }, { ...parts, ...(lifetimeMs && { lifetimeMs }) });
    return server.listen();
  }

  async function get(path: string, token?: string, method?: string): Promise<Answer> {
    const { port = 0 } = await lines.says("are served");
    return getByHttps(port, path, token, method);
  }

  beforeEach(async () => {
    failure = undefined;
    await start();
  });
  afterEach(() => server.close());

  it("are given to who may read them", async () => {
    const { status, body, headers } = await get("/metrics", "reader");
    expect([status, headers["content-type"]]).to.deep.equal([200, metrics.contentType]);
    expect(body).to.include("process_resident_memory_bytes");
  });

  it("are not given without a token", async () => {
    const { status, body, headers } = await get("/metrics");
    expect([status, headers["www-authenticate"]]).to.deep.equal([401, "Bearer"]);
    expect(body).to.equal("show a bearer token of the cluster\n");
  });

  for (const wrong of ["", "two words", "reader;"]) {
    it(`are not given for ${JSON.stringify(wrong)}, which is no token`, async () => {
      expect((await get("/metrics", wrong)).status).to.equal(401);
    });
  }

  it("are not given for a token of nobody", async () => {
    expect((await get("/metrics", "stranger")).status).to.equal(401);
  });

  it("are not given to who may not read them, in words", async () => {
    const { status, body } = await get("/metrics", "other");
    expect(status).to.equal(403);
    expect(body).to.equal("somebody may not get the path /metrics by the cluster's RBAC\n");
  });

  it("are not given where the API server cannot be asked, which is logged once", async () => {
    failure = new ConnectionError("no way to it", "ECONNREFUSED");
    for (const { status, body } of [await get("/metrics", "reader"), await get("/metrics", "reader")]) {
      expect(status).to.equal(503);
      expect(body).to.not.include("process_");
    }
    expect(lines.count("cannot be checked: no way to it")).to.equal(1);
  });

  it("are to be asked for again where too many strangers ask", async () => {
    failure = new TooManyReaders("too many");
    const { status, headers } = await get("/metrics", "reader");
    expect([status, headers["retry-after"]]).to.deep.equal([429, "1"]);
  });

  it("are all that is there", async () => {
    expect((await get("/healthz", "reader")).status).to.equal(404);
    expect((await get("/metrics", "reader", "POST")).status).to.equal(405);
  });

  it("are not to be had in plain HTTP", async () => {
    const { port = 0 } = await lines.says("are served");
    const refused = await fetch(`http://127.0.0.1:${port}/metrics`).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(TypeError);
  });

  it("get a new certificate before the old one ends", async () => {
    server.close();
    await start(600);
    const { fingerprint } = await get("/metrics", "reader");
    await lines.says("new certificate");
    expect((await get("/metrics", "reader")).fingerprint).to.not.equal(fingerprint);
  });
});
