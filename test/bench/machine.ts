import { cpus, loadavg, release, type } from "node:os";

/** What the figures were measured on, in one line. */
export function describeMachine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? "unknown processor";
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(" ");
  return `Measured on ${processors.length} × ${model}, ${type()} ${release()}, Node ${process.version}, load ${load}`;
}
