import type { Logger } from "pino";
import type { AgentSettings } from "./agent/options.js";
import { runAgent } from "./agent/run.js";
import { checkMounts } from "./agent/service/mounts.js";
import { runController } from "./controller/run.js";
import { LinuxKernel } from "./kernel/linux/linux-kernel.js";

const [command, ...args] = process.argv.slice(2);

switch (command) {
  case "agent":
    void runAgent(args, openKernel).then((status) => process.exit(status));
    break;
  case "controller":
    void runController(args).then((status) => process.exit(status));
    break;
  default:
    process.stderr.write(`unknown command ${JSON.stringify(command ?? "")}: the reconciler has agent and controller\n`);
    process.exit(2);
}

function openKernel(settings: AgentSettings, log: Logger): LinuxKernel {
  const problem = checkMounts(settings);
  if (problem !== undefined) log.warn(problem);
  return new LinuxKernel(settings);
}
