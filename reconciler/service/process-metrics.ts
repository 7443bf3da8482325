import { Counter, Gauge, Registry } from "prom-client";
import type { CompletedRequest } from "../../kube/transport.js";
import { describeRequest } from "./request-kind.js";
import type { MetricsText } from "./service-server.js";

/** What every process of the reconciler counts about itself, in the text format that Prometheus reads. */
export abstract class ProcessMetrics implements MetricsText {
  protected readonly registry = new Registry();
  readonly contentType = this.registry.contentType;
  private readonly requests: Counter;
  private readonly watchRestarts: Counter;

  /** `prefix`: what the names of the process's own metrics begin with. */
  protected constructor(private readonly prefix: string) {
    this.requests = new Counter({
      name: `${prefix}_api_requests_total`,
      help: "Requests to the API server; the code of one without an answer is <error>.",
      labelNames: ["verb", "resource", "code"],
      registers: [this.registry],
    });
    this.watchRestarts = new Counter({
      name: `${prefix}_watch_restarts_total`,
      help: "Lists and watches that failed and were begun anew.",
      labelNames: ["resource"],
      registers: [this.registry],
    });
    registerProcessMetrics(this.registry);
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  watchRestarted(resource: string): void {
    this.watchRestarts.inc({ resource });
  }

  requestEnded(request: CompletedRequest): void {
    const code = request.httpStatus === undefined ? "<error>" : String(request.httpStatus);
    this.requests.inc({ ...describeRequest(request), code });
  }

  protected gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name: `${this.prefix}_${name}`, help, labelNames, registers: [this.registry] });
  }
}

/**
 * The usual three of a process. Not prom-client's own set: that measures the event loop every 10 ms and listens to every
 * garbage collection, which costs a node that rests more processor time than all else.
 */
function registerProcessMetrics(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory of the process.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Processor time that the process has used.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  const started = Date.now() / 1_000 - process.uptime();
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the process was started, in seconds since the epoch.",
    registers,
  }).set(started);
}
