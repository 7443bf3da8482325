import type { SimulatedNode } from "../../../lab/nodes/simulated-node.js";
import { listRuns } from "../../../lab/processes/lab-run.js";
import type { LabRun } from "../../../lab/processes/lab-run.js";

/** Flags of an agent that looks at its hardware only when it is told to: what happens without is by an event. */
export const NEVER_UNASKED = ["--scan-interval", "3600"];

/** Has the node's agent look at its hardware now. */
export function rescan(run: LabRun, node: SimulatedNode): void {
  process.kill(pidOf(run, `${node.name}-agent`), "SIGHUP");
}

/** @throws {Error} No such process of the run is alive. */
export function pidOf(run: LabRun, name: string): number {
  const processes = listRuns().find(({ id }) => id === run.id)?.processes ?? [];
  const found = processes.find((process) => process.name === name && process.alive);
  if (found === undefined) throw new Error(`no process ${name} is alive in run ${run.id}`);
  return found.pid;
}
