import { runAgent } from "./agent/run.js";
import { LinuxKernel } from "./kernel/linux/linux-kernel.js";

const [command, ...args] = process.argv.slice(2);

switch (command) {
  case "agent":
    void runAgent(args, (settings) => new LinuxKernel(settings)).then((status) => process.exit(status));
    break;
  default:
    process.stderr.write(`unknown command ${JSON.stringify(command ?? "")}: the reconciler has agent\n`);
    process.exit(2);
}
