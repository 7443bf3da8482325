import { setTimeout as delay } from "node:timers/promises";
import { type Logger, pino } from "pino";
import { AGENT_FIELD_MANAGER } from "../../api/names.js";
import { readyCondition, type SriovNetworkDevice } from "../../api/sriov-network-device.js";
import { KubeClient } from "../../kube/client.js";
import { messageOf } from "../../kube/errors.js";
import type { Kernel } from "../kernel/kernel.js";
import { Advertiser } from "./advertise/advertiser.js";
import { Agent } from "./agent.js";
import { NodeUsers } from "./usage/node-users.js";
import { AGENT_USAGE, type AgentSettings, parseAgentSettings } from "./options.js";
import { ClusterEvents } from "../service/cluster-events.js";
import { PrometheusMetrics } from "./service/prometheus-metrics.js";
import { Readiness } from "../service/readiness.js";
import { UsageError } from "../service/flags.js";
import { serve } from "../service/serve.js";

const ONCE_START_MS = 60_000;
/** How long the end waits for events that are still to be sent. */
const LAST_EVENTS_MS = 2_000;

/**
 * Runs the agent as a process of its own, until SIGTERM or SIGINT, or for one pass with `--once`: JSON logs on stdout,
 * exit status 0 after a clean end, 1 when it cannot start or, with `--once`, not every NIC is Ready, 2 on wrong usage.
 */
export async function runAgent(
  args: readonly string[],
  openKernel: (settings: AgentSettings, log: Logger) => Kernel,
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
    return await run(settings, openKernel(settings, log), log, ended);
  } catch (error) {
    log.fatal({ err: error }, messageOf(error));
    return 1;
  }
}

async function run(settings: AgentSettings, kernel: Kernel, log: Logger, ended: Promise<string>): Promise<number> {
  const metrics = new PrometheusMetrics();
  const readiness = new Readiness(() => agent.waitsFor());
  const client = KubeClient.open(settings, "pulumi-sriov-agent", (request) => {
    metrics.requestEnded(request);
    readiness.requestEnded(request);
  });
  const events = new ClusterEvents({ client, log, component: AGENT_FIELD_MANAGER, host: settings.nodeName });
  const users = new NodeUsers({ client, log, metrics, ...settings });
  const { devicePlugins } = settings;
  const advertiser =
    devicePlugins === undefined || settings.once
      ? undefined
      : new Advertiser({ kernel, log, metrics, users }, { ...settings, devicePlugins });
  const agent = new Agent(
    { client, kernel, log, users, events, metrics, advertiser },
    { ...settings, failFast: settings.once },
  );
  const hostName = settings.nodeName;
  const served = settings.once ? undefined : serve(settings, { client, readiness, metrics, log, hostName });
  process.on("SIGHUP", () => void agent.look());
  log.info({ server: client.config.server }, "agent starts");

  const started = agent.start().then(() => log.info("first scan done"));
  // Ended while it still waits for the API server or the Node: not a failure.
  started.catch(() => undefined);
  const signalled = ended.then((signal) => {
    log.info({ signal }, "agent ends");
    return 0;
  });
  const done = settings.once
    ? withinTime(started, agent).then(() => report(agent, log))
    : started.then(() => signalled);
  const status = await Promise.race([done, signalled]);
  await agent.stop();
  served?.close();
  await events.close(LAST_EVENTS_MS);
  client.close();
  return status;
}

/** For `--once`: who waits for a pipeline is not to wait for ever. */
async function withinTime(started: Promise<void>, agent: Agent): Promise<void> {
  const late = delay(ONCE_START_MS, "late" as const, { ref: false });
  if ((await Promise.race([started, late])) !== "late") return;
  const reasons = agent.waitsFor().join("; ");
  throw new Error(`it could not begin within ${ONCE_START_MS / 1_000} s: ${reasons}`);
}

/** For `--once`: what the pass came to, as exit status and in the log. */
async function report(agent: Agent, log: Logger): Promise<number> {
  const devices = await agent.passed();
  const problems = [...agent.waitsFor(), ...devices.map(problemOf).filter((problem) => problem !== undefined)];
  if (problems.length === 0) log.info({ devices: devices.length }, "every device is Ready");
  else log.error({ devices: devices.length, problems }, `not every device is Ready: ${problems.join("; ")}`);
  return problems.length === 0 ? 0 : 1;
}

function problemOf(device: SriovNetworkDevice): string | undefined {
  const { name, generation } = device.metadata;
  const ready = readyCondition(device);
  if (ready?.status === "True" && ready.observedGeneration === generation) return undefined;
  return `${name}: ${ready === undefined ? "nothing could be reported" : `${ready.reason}: ${ready.message}`}`;
}
