import { expect } from "chai";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PrometheusMetrics } from "../../../reconciler/agent/service/prometheus-metrics.js";
import { isOfThisMachine, ServiceServer } from "../../../reconciler/service/service-server.js";
import { type LogLine, LogLines } from "./log-lines.js";

class Bench {
  reasons: string[] = [];
  isLocal = isOfThisMachine;
  readonly metrics = new PrometheusMetrics();
  private readonly lines = new LogLines();
  private server: ServiceServer | undefined;

  listen(port: number, host = "127.0.0.1"): this {
    const readiness = { reasons: () => this.reasons };
    const isLocal = (address: string | undefined): boolean => this.isLocal(address);
    const parts = { readiness, metrics: this.metrics, log: this.lines.log, retryMs: 5, isLocal };
    this.server = new ServiceServer({ host, port }, parts);
    this.server.listen();
    return this;
  }

  says(text: string): Promise<LogLine> {
    return this.lines.says(text);
  }

  async get(path: string, method = "GET"): Promise<{ status: number; body: string }> {
    const { port = 0 } = await this.says("are served");
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, body: await response.text() };
  }

  close(): void {
    this.server?.close();
  }
}

describe("the agent's own server", () => {
  let bench: Bench;

  beforeEach(() => (bench = new Bench().listen(0)));
  afterEach(() => bench.close());

  it("is alive also where it is not ready", async () => {
    bench.reasons = ["the hardware has not been looked at yet"];
    expect((await bench.get("/healthz")).status).to.equal(200);
  });

  it("is ready where nothing is missing", async () => {
    expect((await bench.get("/readyz")).status).to.equal(200);
  });

  it("says all that is missing where it is not ready", async () => {
    bench.reasons = ["there is no Node node1", "the API server has not answered for 61 s"];
    const body = "not ready: there is no Node node1\nnot ready: the API server has not answered for 61 s\n";
    expect(await bench.get("/readyz")).to.deep.equal({ status: 503, body });
  });

  it("counts changes by result", async () => {
    bench.metrics.changeEnded("configured", 0.02);
    bench.metrics.changeEnded("configured", 3);
    bench.metrics.changeEnded("KernelRefused", 0.01);
    bench.metrics.changeRefused("InUse");
    const { body } = await bench.get("/metrics");
    expect(body).to.include('pulumi_sriov_agent_changes_total{result="configured"} 2');
    expect(body).to.include('pulumi_sriov_agent_change_duration_seconds_sum{result="configured"} 3.02');
    expect(body).to.include('pulumi_sriov_agent_changes_total{result="KernelRefused"} 1');
    expect(body).to.include('pulumi_sriov_agent_changes_total{result="InUse"} 1');
  });

  it("counts no time for a change that the kernel was not asked for", async () => {
    bench.metrics.changeRefused("InUse");
    const { body } = await bench.get("/metrics");
    expect(body).to.not.include('pulumi_sriov_agent_change_duration_seconds_count{result="InUse"}');
  });

  it("tells what the last scan found, and how long scans took", async () => {
    bench.metrics.hardware({ devices: 2, virtualFunctions: 9, leftOut: 1 });
    bench.metrics.scanEnded(0.003);
    const { body } = await bench.get("/metrics");
    for (const line of ["devices 2", "virtual_functions 9", "left_out_nics 1", "scan_duration_seconds_count 1"]) {
      expect(body).to.include(`pulumi_sriov_agent_${line}\n`);
    }
  });

  it("counts requests by verb, resource and answer", async () => {
    const path = "/apis/devices.harvesterhci.io/v1beta1/sriovnetworkdevices/a/status?fieldManager=x";
    bench.metrics.requestEnded({ method: "PATCH", path, httpStatus: 200 });
    bench.metrics.requestEnded({ method: "GET", path: "/api/v1/nodes?watch=true", httpStatus: undefined });
    const { body } = await bench.get("/metrics");
    expect(body).to.include('requests_total{verb="patch",resource="sriovnetworkdevices/status",code="200"} 1');
    expect(body).to.include('requests_total{verb="watch",resource="nodes",code="<error>"} 1');
  });

  it("counts lists and watches that failed", async () => {
    bench.metrics.watchRestarted("pcidevices");
    const { body } = await bench.get("/metrics");
    expect(body).to.include('pulumi_sriov_agent_watch_restarts_total{resource="pcidevices"} 1');
  });

  it("tells the process's memory and processor time", async () => {
    const { body } = await bench.get("/metrics");
    expect(body).to.match(/^process_resident_memory_bytes \d{7,}$/m);
    expect(body).to.match(/^process_cpu_seconds_total 0?\.?\d+/m);
  });

  it("tells metrics to nobody beyond the machine, health to all", async () => {
    bench.isLocal = () => false;
    const { status, body } = await bench.get("/metrics");
    expect([status, body.split("\n")[0]]).to.deep.equal([
      403,
      "metrics are for this machine alone here; others find them where --metrics-listen says",
    ]);
    expect((await bench.get("/healthz")).status).to.equal(200);
    expect((await bench.get("/readyz")).status).to.equal(200);
  });

  for (const [address, local] of [
    ["127.0.0.1", true],
    ["127.8.9.10", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["::ffff:10.0.0.1", false],
    ["10.0.0.1", false],
    ["fe80::1", false],
    ["::", false],
    [undefined, false],
  ] as const) {
    it(`${local ? "knows" : "does not know"} ${address ?? "nobody's address"} as one of the same machine`, () => {
      expect(isOfThisMachine(address)).to.equal(local);
    });
  }

  it("names its paths to who asks for another", async () => {
    expect(await bench.get("/")).to.deep.equal({ status: 404, body: "there are /healthz, /readyz and /metrics\n" });
  });

  it("answers nothing but GET", async () => {
    expect((await bench.get("/healthz", "POST")).status).to.equal(405);
  });
});

describe("the agent's own server, where another process has the port", () => {
  let other: Server;
  let bench: Bench;
  let port = 0;

  beforeEach(async () => {
    other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    ({ port } = other.address() as AddressInfo);
    bench = new Bench().listen(port);
  });
  afterEach(() => {
    bench.close();
    other.close();
  });

  it("says so", async () => {
    const { msg } = await bench.says("cannot listen");
    expect(msg).to.match(new RegExp(`cannot listen on 127.0.0.1:${port}: .*EADDRINUSE.*choose another .* --listen`));
  });

  it("serves as soon as the port is free", async () => {
    await bench.says("cannot listen");
    other.close();
    expect((await bench.get("/healthz")).status).to.equal(200);
  });
});

describe("the agent's own server, at every address", () => {
  let bench: Bench;

  beforeEach(() => (bench = new Bench().listen(0, "::")));
  afterEach(() => bench.close());

  it("answers IPv4, with IPv6 in the kernel or without", async () => {
    expect((await bench.get("/healthz")).status).to.equal(200);
  });

  it("knows its own machine by IPv4 too", async () => {
    expect((await bench.get("/metrics")).status).to.equal(200);
  });
});
