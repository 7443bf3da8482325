import { hostname } from "node:os";
import { pino } from "pino";
import { CONTROLLER_FIELD_MANAGER } from "../../api/names.js";
import { KubeClient } from "../../kube/client.js";
import { messageOf } from "../../kube/errors.js";
import { ClusterEvents } from "../service/cluster-events.js";
import { UsageError } from "../service/flags.js";
import { Readiness } from "../service/readiness.js";
import { serve } from "../service/serve.js";
import { Controller } from "./controller.js";
import { CONTROLLER_USAGE, type ControllerSettings, parseControllerSettings } from "./options.js";
import { PrometheusMetrics } from "./service/prometheus-metrics.js";

/** How long the end waits for events that are still to be sent. */
const LAST_EVENTS_MS = 2_000;

/**
 * Runs the controller as a process of its own, until SIGTERM or SIGINT: JSON logs on stdout, exit status 0 after a clean
 * end, 1 when it cannot start, 2 on wrong usage.
 */
export async function runController(args: readonly string[]): Promise<number> {
  let settings: ControllerSettings;
  try {
    settings = parseControllerSettings(args, process.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${CONTROLLER_USAGE}\n`);
    return 2;
  }
  const log = pino({ level: settings.logLevel, base: { identity: settings.identity } });
  const ended = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, resolve);
  });
  try {
    const metrics = new PrometheusMetrics();
    const readiness = new Readiness(() => controller.waitsFor());
    const client = KubeClient.open(settings, CONTROLLER_FIELD_MANAGER, (request) => {
      metrics.requestEnded(request);
      readiness.requestEnded(request);
    });
    const events = new ClusterEvents({ client, log, component: CONTROLLER_FIELD_MANAGER, host: settings.identity });
    const controller = new Controller({ client, log, events, metrics }, settings);
    const served = serve(settings, { client, readiness, metrics, log, hostName: hostname() });
    log.info({ server: client.config.server, namespace: settings.namespace }, "controller starts");
    const running = controller.run();
    await Promise.race([running, ended.then((signal) => log.info({ signal }, "controller ends"))]);
    await controller.stop();
    served.close();
    await events.close(LAST_EVENTS_MS);
    client.close();
    return 0;
  } catch (error) {
    log.fatal({ err: error }, messageOf(error));
    return 1;
  }
}
