import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../lab/lab.js";
import { WriteGate } from "./write-gate.js";

let gates = 0;

/** A gate to the lab's API server, and the flags of a controller that goes through it. */
export async function gatedController(
  lab: Lab,
): Promise<{ readonly gate: WriteGate; readonly args: readonly string[] }> {
  const gate = await WriteGate.to(lab.controlPlane.server, lab.controlPlane.caPem);
  const kubeconfig = join(lab.run.dir, `controller-by-gate-${++gates}.kubeconfig`);
  const direct = readFileSync(await lab.controllerKubeconfig(), "utf8");
  writeFileSync(kubeconfig, gate.kubeconfig(direct), { mode: 0o600 });
  return { gate, args: ["--kubeconfig", kubeconfig] };
}
