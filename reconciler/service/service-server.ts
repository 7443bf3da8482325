import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { messageOf } from "../../kube/errors.js";
import type { ListenAddress } from "./flags.js";
import type { Readiness } from "./readiness.js";

/** What is counted, in the text format that Prometheus reads. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

export interface ServiceServerParts {
  readonly readiness: Pick<Readiness, "reasons">;
  readonly metrics: MetricsText;
  readonly log: Logger;
  /** Pause before it is tried again to listen where that failed. Default 10,000. */
  readonly retryMs?: number;
}

/**
 * `/healthz`, `/readyz` and `/metrics` over HTTP. Where it cannot listen, because another process has the port, its
 * work goes on without: VFs matter more than what is told of them. It says so, and tries again.
 */
export class ServiceServer {
  private server: Server | undefined;
  private retry: NodeJS.Timeout | undefined;
  private told = false;

  constructor(
    private readonly address: ListenAddress,
    private readonly parts: ServiceServerParts,
  ) {}

  listen(): void {
    const { log } = this.parts;
    const { host, port } = this.address;
    const server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        log.warn({ err: error }, `${request.url ?? ""} was not answered: ${messageOf(error)}`);
        response.destroy();
      });
    });
    this.server = server;
    server.on("error", (error) => {
      const advice = `Health and metrics are not served meanwhile; choose another address by --listen, or off`;
      if (!this.told) log.error({ err: error }, `cannot listen on ${host}:${port}: ${messageOf(error)}. ${advice}.`);
      this.told = true;
      this.retry = setTimeout(() => this.listen(), this.parts.retryMs ?? 10_000).unref();
    });
    server.listen(port, host, () => {
      const { address, port: chosen } = server.address() as AddressInfo;
      log.info({ address, port: chosen }, "health and metrics are served");
    });
  }

  close(): void {
    clearTimeout(this.retry);
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { readiness, metrics } = this.parts;
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
        reply(response, 200, await metrics.text(), metrics.contentType);
        return;
      default:
        reply(response, 404, "there are /healthz, /readyz and /metrics\n");
    }
  }
}

function reply(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) }).end(body);
}
