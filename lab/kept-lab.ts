import { findEngine } from "./engine/executable.js";
import { startLab } from "./lab.js";
import { addGuest, addNode, type NodeKind } from "./node-kind.js";
import { beginRun, endRun, listRuns } from "./processes/lab-run.js";
import { exportLines, shellEnvironment } from "./shell-environment.js";
import { table } from "./table.js";

/** A lab that outlives the command that started it. */
export async function labUp(nodeKind: NodeKind): Promise<void> {
  const log = (line: string): void => console.log(line);
  const run = await beginRun({ label: "lab", log });
  run.stopOnSignals();
  try {
    const lab = await startLab(run, { log });
    await lab.startController();
    await Promise.all([...["node1", "node2"].map((name) => addNode(lab, name, nodeKind)), addGuest(lab, "guest1")]);
    const engine = await findEngine(run);
    run.describe({ kubeconfig: lab.controlPlane.kubeconfig });
    run.keep();
    console.log(`
The lab is up: node1 and node2, each with two NICs; guest1, a virtual machine that was given two VFs; and a controller.
${engine.describe}
In a shell of yours:
${exportLines(shellEnvironment(lab, engine))}
kubectl get sriovnetworkdevices,pcidevices
What to try there: examples/network, examples/passthrough and examples/guest-cluster, each by its README.md.
And in this folder, to end it: npm run lab -- down`);
  } catch (error) {
    await run.stop();
    throw error;
  }
}

export function labStatus(): void {
  const runs = listRuns();
  if (runs.length === 0) {
    console.log("No lab is up.");
    return;
  }
  for (const { id, began, metadata, processes, keep } of runs) {
    const kubeconfig = typeof metadata["kubeconfig"] === "string" ? metadata["kubeconfig"] : "none yet";
    console.log(
      `${id}, since ${began.toISOString()}${keep ? "" : ", ends with its command"}; kubeconfig: ${kubeconfig}`,
    );
    console.log(
      table(processes.map(({ name, pid, alive }) => ({ process: name, pid, state: alive ? "running" : "ended" }))),
    );
  }
}

/** Ends the labs that were left up; those that a command of their own still runs are not touched. */
export async function labDown(): Promise<void> {
  const kept = listRuns().filter(({ keep }) => keep);
  for (const { id } of kept) {
    await endRun(id);
    console.log(`${id} is down.`);
  }
  if (kept.length === 0) console.log("No lab is up.");
}
