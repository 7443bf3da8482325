import { join } from "node:path";
import { NAMESPACE } from "../api/core.js";
import { RECONCILER_NAMESPACE } from "../api/names.js";
import { FIELD_MANAGER } from "./install-contract.js";
import type { Lab } from "./lab.js";
import type { LabProcess } from "./processes/lab-run.js";

/** One replica of the reconciler's controller, in a process of its own. */
export interface LabController {
  /** Of the process and its log; begins the replica's identity in the lease. */
  readonly name: string;
  /** Where policies count for it. */
  readonly namespace: string;
  readonly process: LabProcess;
  /** Ends it; resolves when it is gone. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export interface LabControllerOptions {
  /** Default `controller-1`, `controller-2`, … */
  readonly name?: string;
  /** Made where it is missing. Default that of the reconciler. */
  readonly namespace?: string;
  /** More flags. */
  readonly args?: readonly string[];
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

let started = 0;

export async function startLabController(lab: Lab, options: LabControllerOptions = {}): Promise<LabController> {
  const { name = `controller-${++started}`, namespace = RECONCILER_NAMESPACE, args = [] } = options;
  await lab.client.apply(NAMESPACE, { metadata: { name: namespace } }, { fieldManager: FIELD_MANAGER, force: true });
  const main = join(__dirname, "..", "reconciler", "main.js");
  const flags = ["--namespace", namespace, "--kubeconfig", await lab.controllerKubeconfig(), "--listen", "127.0.0.1:0"];
  // The lease names the replica by it, and an outer pod's name would be the same for all.
  const env = { ...process.env, POD_NAME: name, ...options.env };
  const child = lab.run.spawn(name, process.execPath, [main, "controller", ...flags, ...args], { env });
  return {
    name,
    namespace,
    process: child,
    async stop(signal = "SIGTERM") {
      child.signal(signal);
      await child.exited;
    },
  };
}
