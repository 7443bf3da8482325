import type { Logger } from "pino";
import type { KubeClient } from "../../kube/client.js";
import type { ListenAddress } from "./flags.js";
import { MetricsReaders } from "./metrics-readers.js";
import { MetricsServer } from "./metrics-server.js";
import type { Readiness } from "./readiness.js";
import { type MetricsText, ServiceServer } from "./service-server.js";

export interface ServedParts {
  readonly client: KubeClient;
  readonly readiness: Readiness;
  readonly metrics: MetricsText;
  readonly log: Logger;
  /** The machine's, for the certificate of metrics. */
  readonly hostName: string;
}

/** Serves what the process tells of itself, where it is to. */
export function serve(
  where: { readonly listen: ListenAddress | undefined; readonly metricsListen: ListenAddress | undefined },
  { client, readiness, metrics, log, hostName }: ServedParts,
): { close(): void } {
  const service = where.listen && new ServiceServer(where.listen, { readiness, metrics, log });
  const readers = new MetricsReaders(client);
  const secured =
    where.metricsListen && new MetricsServer(where.metricsListen, { readers, metrics, log, names: [hostName] });
  service?.listen();
  void secured?.listen();
  return {
    close() {
      service?.close();
      secured?.close();
    },
  };
}
