import { runAgent } from "../../../reconciler/agent/run.js";
import { SimulatedKernel } from "./client.js";

/** The agent as it ships, on a simulated kernel: `agent.js SOCKET [flags of the agent]`. */
const [socket, ...args] = process.argv.slice(2);
// Several nodes share this machine's ports; the log says which one it got.
process.env["LISTEN"] ??= "127.0.0.1:0";
// This machine may have a kubelet, which must not be offered devices that there are not.
process.env["DEVICE_PLUGINS"] ??= "off";
if (socket === undefined) throw new Error("usage: agent.js SOCKET [flags of the agent]");
void runAgent(args, () => new SimulatedKernel(socket)).then((status) => process.exit(status));
