import { type Lab, startLab } from "../../lab/lab.js";
import { beginRun, type LabRun } from "../../lab/processes/lab-run.js";

/** A cluster of its own for each part of a bench, so that none pays for another's nodes, or for the audit log. */
export async function withLab<T>(audit: boolean, work: (lab: Lab) => Promise<T>): Promise<T> {
  const run: LabRun = await beginRun({ label: "bench" });
  run.stopOnSignals();
  try {
    const lab = await startLab(run, { audit });
    try {
      return await work(lab);
    } finally {
      lab.client.close();
    }
  } finally {
    await run.stop();
  }
}
