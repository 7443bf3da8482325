import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Logger } from "pino";
import { messageOf } from "../../kube/errors.js";
import type { ListenAddress } from "./flags.js";
import { LastingServer } from "./lasting-server.js";
import { METRICS_PATH, type MetricsReaders, TooManyReaders } from "./metrics-readers.js";
import { reply } from "./reply.js";
import type { MetricsText } from "./service-server.js";
import { selfSignedCertificate } from "./serving-certificate.js";

export interface MetricsServerParts {
  readonly metrics: MetricsText;
  readonly readers: Pick<MetricsReaders, "judge">;
  readonly log: Logger;
  /** Host names and IP addresses that the certificate is for. */
  readonly names: readonly string[];
  /** How long a certificate is valid; at a third of it before its end there is a new one. Default 30 days. */
  readonly lifetimeMs?: number;
  /** Pause before it is tried again to listen where that failed. Default 10,000. */
  readonly retryMs?: number;
}

const DAY_MS = 86_400_000;
/** A clock that was set meanwhile, or a machine that slept, makes a certificate old before its time. */
const LOOK_MS = 3_600_000;

/**
 * `/metrics` over HTTPS, for those whom the cluster's RBAC lets read it: they show a bearer token. Its certificate is made
 * here, by nobody's authority, and made anew before it ends.
 */
export class MetricsServer {
  private server: Server | undefined;
  private listening: LastingServer | undefined;
  private renewal: NodeJS.Timeout | undefined;
  private renewAt = 0;
  private closed = false;
  /** That the API server cannot be asked is told once, until it can. */
  private told = false;

  constructor(
    private readonly address: ListenAddress,
    private readonly parts: MetricsServerParts,
  ) {}

  /** Listens once it has a certificate. Never fails: without metrics the process works as well. */
  async listen(): Promise<void> {
    const { log, retryMs } = this.parts;
    const certificate = await this.certificate();
    if (certificate === undefined || this.closed) return;
    const server = createServer({ ...certificate, ...LIMITS }, (request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        log.warn({ err: error }, `${request.url ?? ""} was not answered: ${messageOf(error)}`);
        response.destroy();
      });
    });
    server.maxConnections = MOST_CONNECTIONS;
    this.server = server;
    this.listening = new LastingServer(server, this.address, {
      what: "metrics by HTTPS",
      flag: "--metrics-listen",
      log,
      retryMs,
    });
    this.listening.listen();
    const look = Math.min(LOOK_MS, this.lifetimeMs / 6);
    this.renewal = setInterval(() => void this.renew(), look).unref();
  }

  close(): void {
    this.closed = true;
    clearInterval(this.renewal);
    this.listening?.close();
  }

  private get lifetimeMs(): number {
    return this.parts.lifetimeMs ?? 30 * DAY_MS;
  }

  private async renew(): Promise<void> {
    if (Date.now() < this.renewAt) return;
    const certificate = await this.certificate();
    if (certificate === undefined) return;
    this.server?.setSecureContext(certificate);
    this.parts.log.info("metrics have a new certificate");
  }

  private async certificate(): Promise<Awaited<ReturnType<typeof selfSignedCertificate>> | undefined> {
    const { names, log } = this.parts;
    // Before it is there, so that a slow one is not asked for twice.
    this.renewAt = Date.now() + (this.lifetimeMs * 2) / 3;
    try {
      return await selfSignedCertificate(names, this.lifetimeMs);
    } catch (error) {
      this.renewAt = 0;
      log.error({ err: error }, `metrics have no new certificate: ${messageOf(error)}`);
      return undefined;
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "GET") {
      reply(response, 405, "only GET is answered here\n");
      return;
    }
    if (request.url?.split("?")[0] !== METRICS_PATH) {
      reply(response, 404, `there is only ${METRICS_PATH}\n`);
      return;
    }
    const token = bearerToken(request.headers.authorization);
    if (token === undefined) {
      reply(response, 401, "show a bearer token of the cluster\n", CHALLENGE);
      return;
    }
    await this.answerTo(token, response);
  }

  private async answerTo(token: string, response: ServerResponse): Promise<void> {
    const { readers, metrics, log } = this.parts;
    try {
      const verdict = await readers.judge(token);
      this.told = false;
      if (verdict.allowed) {
        reply(response, 200, await metrics.text(), { "Content-Type": metrics.contentType });
      } else if (verdict.who === undefined) {
        reply(response, 401, "the API server does not know this token\n", CHALLENGE);
      } else {
        reply(response, 403, `${verdict.who} may not get the path ${METRICS_PATH} by the cluster's RBAC\n`);
      }
    } catch (error) {
      if (error instanceof TooManyReaders) {
        reply(response, 429, `${error.message}; ask again\n`, { "Retry-After": "1" });
        return;
      }
      if (!this.told) log.error({ err: error }, `who reads metrics cannot be checked: ${messageOf(error)}`);
      this.told = true;
      reply(response, 503, "the API server could not be asked whose this token is, as the log says; ask again\n");
    }
  }
}

/** Strangers reach this port: what they can hold open is little, so that the process keeps its own connections. */
const MOST_CONNECTIONS = 64;
const LIMITS = {
  handshakeTimeout: 5_000,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
};

const CHALLENGE = { "WWW-Authenticate": "Bearer" };

/** RFC 6750. */
function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(?<token>[\w.~+/-]+=*)$/i.exec(header ?? "")?.groups?.["token"];
}
