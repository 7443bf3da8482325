import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { RECONCILER_NAMESPACE, RESOURCE_PREFIX } from "../../api/names.js";
import {
  domain,
  type ListenAddress,
  listenAddress,
  oneOf,
  seconds as secondsOf,
  UsageError,
} from "../service/flags.js";
import type { ControllerOptions } from "./controller.js";

/** All that a run of the controller can be told, by flag or, where one is named, by environment variable. */
export interface ControllerSettings extends ControllerOptions {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly logLevel: string;
  /** Where health, and on loopback metrics, are served in plain HTTP; undefined: nowhere. */
  readonly listen: ListenAddress | undefined;
  /** Where metrics are served by HTTPS, to whoever may read them; undefined: nowhere. */
  readonly metricsListen: ListenAddress | undefined;
}

export const CONTROLLER_USAGE = `usage: pulumi-sriov-reconciler controller [flags]
  --namespace NAME              where it runs, and where policies count (POD_NAMESPACE; default ${RECONCILER_NAMESPACE})
  --kubeconfig FILE             default: KUBECONFIG, ~/.kube/config, the pod's service account
  --context NAME                context of the kubeconfig
  --resource-prefix PREFIX      stands before the names under which VFs are advertised (RESOURCE_PREFIX; default ${RESOURCE_PREFIX})
  --lease-duration SECONDS      how long a leader that is gone is waited for (LEASE_DURATION; default 15)
  --renew-deadline SECONDS      how long a leader goes on that cannot renew its lease (RENEW_DEADLINE; default 10)
  --retry-period SECONDS        between two renewals (RETRY_PERIOD; default 2)
  --listen HOST:PORT            where /healthz and /readyz are served, and to this machine /metrics, or off
                                (LISTEN; default 127.0.0.1:9809)
  --metrics-listen HOST:PORT    where /metrics is served by HTTPS, to whoever may get it by the cluster's RBAC, or off
                                (METRICS_LISTEN; default off)
  --log-level LEVEL             trace, debug, info, warn or error (LOG_LEVEL; default info)
POD_NAME names this replica in the lease; default: the machine's name. SIGTERM ends it cleanly.`;

/** @throws {UsageError} */
export function parseControllerSettings(args: readonly string[], env: NodeJS.ProcessEnv): ControllerSettings {
  const flags = parseFlags(args);
  // An empty variable is one that a manifest has left open.
  const text = (flag: Flag, variable: string): string | undefined => flags[flag] ?? (env[variable] || undefined);
  const seconds = (flag: Flag, variable: string, fallback: number): number =>
    secondsOf(flag, text(flag, variable), fallback);
  const timings = {
    durationMs: seconds("lease-duration", "LEASE_DURATION", 15),
    renewDeadlineMs: seconds("renew-deadline", "RENEW_DEADLINE", 10),
    retryPeriodMs: seconds("retry-period", "RETRY_PERIOD", 2),
  };
  if (timings.durationMs <= timings.renewDeadlineMs || timings.renewDeadlineMs <= timings.retryPeriodMs) {
    throw new UsageError(
      "--lease-duration must be more than --renew-deadline, and that more than --retry-period: " +
        "otherwise two replicas could work at once, or a leader stop for one late answer",
    );
  }
  return {
    kubeconfig: flags.kubeconfig,
    context: flags.context,
    namespace: checked("namespace", text("namespace", "POD_NAMESPACE") ?? RECONCILER_NAMESPACE, NAMESPACE_NAME),
    resourcePrefix: domain("resource-prefix", text("resource-prefix", "RESOURCE_PREFIX") ?? RESOURCE_PREFIX),
    identity: `${env["POD_NAME"] || hostname()}_${randomBytes(4).toString("hex")}`,
    timings,
    listen: listenAddress("listen", text("listen", "LISTEN") ?? "127.0.0.1:9809"),
    metricsListen: listenAddress("metrics-listen", text("metrics-listen", "METRICS_LISTEN") ?? "off"),
    logLevel: oneOf("log-level", text("log-level", "LOG_LEVEL") ?? "info", ["trace", "debug", "info", "warn", "error"]),
  };
}

const NAMESPACE_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
function checked(flag: string, value: string, form: RegExp): string {
  if (form.test(value)) return value;
  throw new UsageError(`--${flag} must be lower-case letters, digits and "-", not "${value}"`);
}

const FLAGS = {
  namespace: { type: "string" },
  kubeconfig: { type: "string" },
  context: { type: "string" },
  "resource-prefix": { type: "string" },
  "lease-duration": { type: "string" },
  "renew-deadline": { type: "string" },
  "retry-period": { type: "string" },
  listen: { type: "string" },
  "metrics-listen": { type: "string" },
  "log-level": { type: "string" },
} as const;

type Flag = keyof typeof FLAGS;

function parseFlags(args: readonly string[]): Partial<Record<Flag, string>> {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
