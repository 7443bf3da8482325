import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CompletedRequest } from "../../../kube/transport.js";
import type { AgentMetrics } from "./metrics.js";
import { registerProcessMetrics } from "../../service/process-metrics.js";
import { describeRequest } from "../../service/request-kind.js";
import type { MetricsText } from "../../service/service-server.js";

const PREFIX = "pulumi_sriov_agent";
/** From what a simulated kernel takes to the default deadline of a write. */
const CHANGE_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const SCAN_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** The agent's counts in the text format that Prometheus reads. */
export class PrometheusMetrics implements AgentMetrics, MetricsText {
  private readonly registry = new Registry();
  private readonly changes = new Counter({
    name: `${PREFIX}_changes_total`,
    help: "Changes of a VF count that ended or were refused, by what came of them.",
    labelNames: ["result"],
    registers: [this.registry],
  });
  private readonly changeSeconds = new Histogram({
    name: `${PREFIX}_change_duration_seconds`,
    help: "How long changes of a VF count took that the kernel was asked for.",
    labelNames: ["result"],
    buckets: CHANGE_SECONDS,
    registers: [this.registry],
  });
  private readonly scanSeconds = new Histogram({
    name: `${PREFIX}_scan_duration_seconds`,
    help: "How long looks at the node's whole hardware took.",
    buckets: SCAN_SECONDS,
    registers: [this.registry],
  });
  private readonly devices = this.gauge("devices", "SR-IOV NICs that the last scan found and that have an object.");
  private readonly vfs = this.gauge("virtual_functions", "VFs that those NICs have.");
  private readonly leftOut = this.gauge("left_out_nics", "SR-IOV NICs that the last scan left out.");
  private readonly requests = new Counter({
    name: `${PREFIX}_api_requests_total`,
    help: "Requests to the API server; the code of one without an answer is <error>.",
    labelNames: ["verb", "resource", "code"],
    registers: [this.registry],
  });
  private readonly watchRestarts = new Counter({
    name: `${PREFIX}_watch_restarts_total`,
    help: "Lists and watches that failed and were begun anew.",
    labelNames: ["resource"],
    registers: [this.registry],
  });

  readonly contentType = this.registry.contentType;

  constructor() {
    registerProcessMetrics(this.registry);
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  changeEnded(result: string, seconds: number): void {
    this.changes.inc({ result });
    this.changeSeconds.observe({ result }, seconds);
  }

  changeRefused(result: string): void {
    this.changes.inc({ result });
  }

  scanEnded(seconds: number): void {
    this.scanSeconds.observe(seconds);
  }

  watchRestarted(resource: string): void {
    this.watchRestarts.inc({ resource });
  }

  hardware(found: { readonly devices: number; readonly virtualFunctions: number; readonly leftOut: number }): void {
    this.devices.set(found.devices);
    this.vfs.set(found.virtualFunctions);
    this.leftOut.set(found.leftOut);
  }

  requestEnded(request: CompletedRequest): void {
    const code = request.httpStatus === undefined ? "<error>" : String(request.httpStatus);
    this.requests.inc({ ...describeRequest(request), code });
  }

  private gauge(name: string, help: string): Gauge {
    return new Gauge({ name: `${PREFIX}_${name}`, help, registers: [this.registry] });
  }
}
