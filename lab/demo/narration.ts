import type { Lab } from "../lab.js";
import { exportLines } from "../shell-environment.js";
import type { DemoStack } from "./stack.js";

/** Tells what comes next. */
export function step(text: string): void {
  console.log(`\n== ${text}`);
}

/** Runs the steps. With `keep` the lab stays up then, where one of them failed too, so that it can be looked at. */
export async function inLab(lab: Lab, stack: DemoStack, keep: boolean, steps: () => Promise<void>): Promise<void> {
  try {
    await steps();
  } finally {
    if (keep && !lab.run.signal.aborted) leaveUp(lab, stack);
  }
}

/** Keeps the lab, and tells how to go on in it. */
function leaveUp(lab: Lab, stack: DemoStack): void {
  lab.run.describe({ kubeconfig: lab.controlPlane.kubeconfig });
  lab.run.keep();
  console.log(`
The lab stays up. In a shell of yours:
${exportLines(stack.environment)}
kubectl get sriovnetworkdevices,pcidevices
cd '${stack.project}'
pulumi up
And in this folder, to end it: npm run lab -- down`);
}
