import { Counter, Gauge, type Registry } from "prom-client";

/**
 * The usual three of a process. Not prom-client's own set: that measures the event loop every 10 ms and listens to every
 * garbage collection, which costs a node that rests more processor time than all else.
 */
export function registerProcessMetrics(registry: Registry): void {
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
