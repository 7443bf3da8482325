import { pino } from "pino";
import { KubeClient } from "../../kube/client.js";
import { messageOf } from "../../kube/errors.js";
import type { Kernel } from "../kernel/kernel.js";
import { Agent } from "./agent.js";
import { noEvents } from "./service/events.js";
import { noMetrics } from "./service/metrics.js";
import { NodeUsers } from "./usage/node-users.js";
import { AGENT_USAGE, type AgentSettings, parseAgentSettings, UsageError } from "./options.js";

/**
 * Runs the agent until SIGTERM or SIGINT, as a process of its own: JSON logs on stdout, exit status 0 after a clean end,
 * 1 when it cannot start, 2 on wrong usage.
 */
export async function runAgent(
  args: readonly string[],
  openKernel: (settings: AgentSettings) => Kernel,
): Promise<number> {
  let settings: AgentSettings;
  try {
    settings = parseAgentSettings(args, process.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${AGENT_USAGE}\n`);
    return 2;
  }
  const log = pino({ level: settings.logLevel, base: { node: settings.nodeName } });
  const ended = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, resolve);
  });
  try {
    const client = KubeClient.open(settings, "pulumi-sriov-agent");
    const metrics = noMetrics;
    const users = new NodeUsers({ client, log, metrics, ...settings });
    const agent = new Agent({ client, kernel: openKernel(settings), log, users, events: noEvents, metrics }, settings);
    process.on("SIGHUP", () => void agent.look());
    log.info({ server: client.config.server }, "agent starts");
    const started = agent.start().then(() => log.info("first scan done"));
    // Ended while it still waits for the API server or the Node: not a failure.
    started.catch(() => undefined);
    const signal = await Promise.race([ended, started.then(() => ended)]);
    log.info({ signal }, "agent ends");
    await agent.stop();
    client.close();
    return 0;
  } catch (error) {
    log.fatal({ err: error }, messageOf(error));
    return 1;
  }
}
