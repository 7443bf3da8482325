import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { BlockList, isIPv6 } from "node:net";
import type { Logger } from "pino";
import { messageOf } from "../../kube/errors.js";
import type { ListenAddress } from "./flags.js";
import { LastingServer } from "./lasting-server.js";
import type { Readiness } from "./readiness.js";
import { reply } from "./reply.js";

/** What is counted, in the text format that Prometheus reads. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

export interface ServiceServerParts {
  readonly readiness: Pick<Readiness, "reasons">;
  readonly metrics: MetricsText;
  readonly log: Logger;
  /** Whether a request from this address is one of the same machine. Default {@link isOfThisMachine}. */
  readonly isLocal?: (address: string | undefined) => boolean;
  /** Pause before it is tried again to listen where that failed. Default 10,000. */
  readonly retryMs?: number;
}

/** `/healthz` and `/readyz` over HTTP, for whoever asks, and `/metrics` for processes of the same machine, or pod. */
export class ServiceServer {
  private readonly server: LastingServer;

  constructor(
    address: ListenAddress,
    private readonly parts: ServiceServerParts,
  ) {
    const { log, retryMs } = parts;
    const server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        log.warn({ err: error }, `${request.url ?? ""} was not answered: ${messageOf(error)}`);
        response.destroy();
      });
    });
    this.server = new LastingServer(server, address, { what: "health and metrics", flag: "--listen", log, retryMs });
  }

  listen(): void {
    this.server.listen();
  }

  close(): void {
    this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { readiness, metrics, isLocal = isOfThisMachine } = this.parts;
    if (request.method !== "GET" && request.method !== "HEAD") {
      reply(response, 405, "only GET is answered here\n");
      return;
    }
    switch (request.url?.split("?")[0]) {
      case "/healthz":
        reply(response, 200, "ok\n");
        return;
      case "/readyz": {
        const reasons = readiness.reasons();
        if (reasons.length === 0) reply(response, 200, "ok\n");
        else reply(response, 503, reasons.map((reason) => `not ready: ${reason}\n`).join(""));
        return;
      }
      case "/metrics":
        if (isLocal(request.socket.remoteAddress)) {
          reply(response, 200, await metrics.text(), { "Content-Type": metrics.contentType });
        } else
          reply(
            response,
            403,
            "metrics are for this machine alone here; others find them where --metrics-listen says\n",
          );
        return;
      default:
        reply(response, 404, "there are /healthz, /readyz and /metrics\n");
    }
  }
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * By the address that the request comes from, whatever address is listened on: nobody else can have an answer sent to a
 * loopback address.
 */
export function isOfThisMachine(address: string | undefined): boolean {
  return address !== undefined && LOOPBACK.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
