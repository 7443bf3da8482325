import { type Lab, startLab } from "../lab/lab.js";
import { beginRun } from "../lab/processes/lab-run.js";

/**
 * One lab for all tests of a process: starting a control plane takes seconds. Tests keep apart by using nodes and names
 * of their own. It has no node at first.
 */
let shared: Promise<Lab> | undefined;

export function sharedLab(): Promise<Lab> {
  return (shared ??= start());
}

export async function stopSharedLab(): Promise<void> {
  const lab = await shared?.catch(() => undefined);
  lab?.client.close();
  await lab?.run.stop();
}

async function start(): Promise<Lab> {
  const run = await beginRun({ label: "test" });
  run.stopOnSignals();
  return startLab(run);
}
