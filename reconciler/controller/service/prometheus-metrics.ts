import { Counter, type Gauge, Histogram } from "prom-client";
import { ProcessMetrics } from "../../service/process-metrics.js";
import type { ControllerMetrics } from "./metrics.js";

const PREFIX = "pulumi_sriov_controller";
/** From a look that finds nothing new to a roll-out over hundreds of NICs. */
const PASS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The controller's counts in the text format that Prometheus reads. */
export class PrometheusMetrics extends ProcessMetrics implements ControllerMetrics {
  private readonly leader = this.gauge("leader", "1 where this replica is the one that works, else 0.");
  private readonly passSeconds = new Histogram({
    name: `${PREFIX}_pass_duration_seconds`,
    help: "How long passes over all policies, or all networks, took.",
    labelNames: ["job", "result"],
    buckets: PASS_SECONDS,
    registers: [this.registry],
  });
  private readonly devices = new Counter({
    name: `${PREFIX}_device_writes_total`,
    help: "NICs that were asked to be as the policies want them, by what came of it.",
    labelNames: ["result"],
    registers: [this.registry],
  });
  private readonly policyCount = this.gauge("policies", "Policies, by the reason of their condition Ready.", [
    "reason",
  ]);
  private readonly networkCount = this.gauge("networks", "Networks, by the reason of their condition Ready.", [
    "reason",
  ]);
  constructor() {
    super(PREFIX);
  }

  leads(leads: boolean): void {
    this.leader.set(leads ? 1 : 0);
  }

  passEnded(job: string, result: string, seconds: number): void {
    this.passSeconds.observe({ job, result }, seconds);
  }

  deviceWritten(result: string): void {
    this.devices.inc({ result });
  }

  policies(byReason: ReadonlyMap<string, number>): void {
    setAll(this.policyCount, byReason);
  }

  networks(byReason: ReadonlyMap<string, number>): void {
    setAll(this.networkCount, byReason);
  }
}

/** A reason that nobody has any more is not told as it was last. */
function setAll(gauge: Gauge, byReason: ReadonlyMap<string, number>): void {
  gauge.reset();
  for (const [reason, count] of byReason) gauge.set({ reason }, count);
}
