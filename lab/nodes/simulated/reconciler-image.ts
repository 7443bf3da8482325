import { join } from "node:path";
import { runAgent } from "../../../reconciler/agent/run.js";
import { runController } from "../../../reconciler/controller/run.js";
import { SimulatedKernel } from "./client.js";
import { type Mounts, through } from "./pods/container-words.js";
import { KERNEL_VARIABLE, MOUNTS_VARIABLE } from "./pods/image-process.js";

/**
 * Stands for the reconciler's image on a simulated node: `reconciler-image.js agent|controller [flags]`. The agent runs on the
 * node's simulated kernel, and looks for the kubelet where the pod's mounts lead.
 */
const [command, ...args] = process.argv.slice(2);
const mounts = JSON.parse(process.env[MOUNTS_VARIABLE] ?? "{}") as Mounts;

/** Where the agent looks unless it is told otherwise, by the variable that tells it. */
const DEFAULTS: Readonly<Record<string, string>> = {
  DEVICE_PLUGINS: "/var/lib/kubelet/device-plugins",
  POD_RESOURCES: "/var/lib/kubelet/pod-resources/kubelet.sock",
  DEVICE_INFO: "/var/run/k8s.cni.cncf.io/devinfo/dp",
};
for (const [variable, path] of Object.entries(DEFAULTS)) process.env[variable] ??= through(mounts, path);
// The image has the database; flags would name a file of the image too.
process.env["PCI_IDS"] = join(__dirname, "..", "..", "..", "..", "lab", "nodes", "simulated", "pci.ids");

const kernel = process.env[KERNEL_VARIABLE] ?? "";
const running = command === "agent" ? runAgent(args, () => new SimulatedKernel(kernel)) : runController(args);
void running.then((status) => process.exit(status));
