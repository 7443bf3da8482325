import { runAgent } from "../../../reconciler/agent/run.js";
import { SimulatedKernel } from "./client.js";

/** The agent as it ships, on a simulated kernel: `agent.js SOCKET [flags of the agent]`. */
const [socket, ...args] = process.argv.slice(2);
if (socket === undefined) throw new Error("usage: agent.js SOCKET [flags of the agent]");
void runAgent(args, () => new SimulatedKernel(socket)).then((status) => process.exit(status));
