import { Counter, Histogram } from "prom-client";
import type { AdvertiserMetrics, AgentMetrics } from "./metrics.js";
import { ProcessMetrics } from "../../service/process-metrics.js";

const PREFIX = "pulumi_sriov_agent";
/** From what a simulated kernel takes to the default deadline of a write. */
const CHANGE_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const SCAN_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** The agent's counts in the text format that Prometheus reads. */
export class PrometheusMetrics extends ProcessMetrics implements AgentMetrics, AdvertiserMetrics {
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
  private readonly allocations = new Counter({
    name: `${PREFIX}_allocations_total`,
    help: "Devices that the kubelet asked for, for containers, by resource and what came of it.",
    labelNames: ["resource", "result"],
    registers: [this.registry],
  });
  private readonly offered = this.gauge("advertised_devices", "Devices that the kubelet is offered.", [
    "resource",
    "health",
  ]);

  constructor() {
    super(PREFIX);
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

  advertised(resource: string, devices: { readonly healthy: number; readonly unhealthy: number }): void {
    for (const health of ["healthy", "unhealthy"] as const) this.offered.set({ resource, health }, devices[health]);
  }

  allocated(resource: string, result: "given" | "refused", count: number): void {
    this.allocations.inc({ resource, result }, count);
  }

  hardware(found: { readonly devices: number; readonly virtualFunctions: number; readonly leftOut: number }): void {
    this.devices.set(found.devices);
    this.vfs.set(found.virtualFunctions);
    this.leftOut.set(found.leftOut);
  }
}
