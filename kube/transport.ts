import https from "node:https";
import http from "node:http";
import type { IncomingMessage } from "node:http";
import { createSecureContext } from "node:tls";
import type { ClusterConfig } from "./config.js";
import { Credentials } from "./credentials.js";
import { abortError } from "./deadline.js";
import { ApiError, type ApiStatus, ConnectionError, messageOf, policyRefusalIn } from "./errors.js";

/**
 * HTTP to one API server. Not client-node's generated clients, because those (2.0.1) open a new TLS connection for every
 * request; its KubeConfig still supplies TLS and credentials, so exec plugins, token files and proxies work as there.
 */
export interface Transport {
  /** Sends and reads the whole answer. @throws {ApiError | ConnectionError} */
  send(request: Request): Promise<unknown>;
  /** As `send`, with the answer's ETag; where that is still `request.ifNoneMatch`, without the body. */
  revalidate(request: Request): Promise<Revalidated>;
  /** Resolves with the open answer's stream once the status is 200. @throws {ApiError | ConnectionError} */
  stream(request: Request): Promise<IncomingMessage>;
  /** The plugin for credentials that requests are waiting for, as the subject of a sentence; undefined where they wait for none. */
  awaitedPlugin(): string | undefined;
  /** This machine's address on the connection that brought the last answer; undefined before the first. */
  localAddress(): string | undefined;
  close(): void;
}

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Form of the answer, which must be some kind of JSON. Default `application/json`. */
  readonly accept?: string;
  /** ETag of the answer that the caller has: only for `revalidate`. */
  readonly ifNoneMatch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For the whole request of `send`, for the answer's head of `stream`. Default 30,000. */
  readonly timeoutMs?: number;
}

/** Told of every request once its fate is known, retries of a broken connection included. Must not throw. */
export type OnRequest = (request: CompletedRequest) => void;

export interface CompletedRequest {
  readonly method: Request["method"];
  /** Path and query. */
  readonly path: string;
  /** HTTP status; undefined where no answer came, for whatever reason but an abort. */
  readonly httpStatus: number | undefined;
}
/** `changed: false`: the answer that the caller has is still the right one. */
export type Revalidated =
  { readonly changed: false } | { readonly changed: true; readonly etag: string | undefined; readonly body: unknown };

const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Requests under way at once; more wait their turn. Watches don't count. */
const MAX_CONCURRENT = 16;

export function openTransport(config: ClusterConfig, userAgent: string, onRequest?: OnRequest): Transport {
  const connections = new Connections(config);
  const credentials = new Credentials(config);
  let localAddress: string | undefined;

  async function open(request: Request, kind: "send" | "stream"): Promise<IncomingMessage> {
    let refused = false;
    for (let attempt = 0; ; attempt++) {
      try {
        const { options, generation } = await credentials.current(request.signal);
        const response = await once(request, kind, options);
        onRequest?.({ method: request.method, path: request.path, httpStatus: response.statusCode });
        // Once: credentials that are not accepted when they are new never will be.
        if (response.statusCode !== 401 || refused || !credentials.renew(generation)) return response;
        refused = true;
        response.resume();
      } catch (error) {
        if (error instanceof ConnectionError)
          onRequest?.({ method: request.method, path: request.path, httpStatus: undefined });
        // A kept-alive connection that the server closed, most likely while it was idle. Where the request did arrive
        // all the same, it is sent twice: callers take "exists already" and "is gone" for what they wanted.
        if (!(error instanceof StaleConnection) || attempt >= 3) throw error;
      }
    }
  }

  function once(request: Request, kind: "send" | "stream", identity: https.RequestOptions): Promise<IncomingMessage> {
    // Aborted while the credentials were looked up: from here on only the listener below would hear of it.
    request.signal?.throwIfAborted();
    const payload = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const { options, client } = connections.optionsFor(request, kind, identity, {
      "User-Agent": userAgent,
      Accept: request.accept ?? "application/json",
      ...(request.ifNoneMatch !== undefined && { "If-None-Match": request.ifNoneMatch }),
      ...(payload && {
        "Content-Type": request.contentType ?? "application/json",
        // Said here, since Node sends the body of a DELETE without any length, which spoils the connection.
        "Content-Length": payload.length,
      }),
    });
    return new Promise((resolve, reject) => {
      const outgoing = client.request(options, resolve);
      const timeoutMs = request.timeoutMs ?? REQUEST_TIMEOUT_MS;
      // Node tells of a request that is destroyed only once it has a connection, for which it may wait longer than anybody
      // wants it: behind others, or for a proxy.
      const end = (error: Error): void => {
        outgoing.destroy(error);
        fail(error);
      };
      const timer = setTimeout(() => end(timedOut(timeoutMs)), timeoutMs);
      const abort = (): void => end(abortError(request.signal));
      request.signal?.addEventListener("abort", abort, { once: true });
      outgoing.on("socket", (socket) => {
        if (!socket.connecting) return;
        const connect = setTimeout(() => outgoing.destroy(timedOut(CONNECT_TIMEOUT_MS)), CONNECT_TIMEOUT_MS);
        socket.setKeepAlive(true, 15_000);
        for (const event of ["connect", "close"]) socket.once(event, () => clearTimeout(connect));
      });
      outgoing.on("response", (response) => {
        if (kind === "stream") clearTimeout(timer);
        localAddress = response.socket.localAddress ?? localAddress;
        response.once("close", () => {
          clearTimeout(timer);
          request.signal?.removeEventListener("abort", abort);
        });
      });
      outgoing.on("error", fail);
      outgoing.end(payload);

      function fail(error: NodeJS.ErrnoException): void {
        clearTimeout(timer);
        request.signal?.removeEventListener("abort", abort);
        const stale = outgoing.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
        const failure = unreachable(config, error, request.signal);
        reject(stale ? new StaleConnection(failure.message, "ECONNRESET", { cause: error }) : failure);
      }
    });
  }

  async function text(response: IncomingMessage, request: Request): Promise<string> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString("utf8");
    } catch (error) {
      throw unreachable(config, error as NodeJS.ErrnoException, request.signal);
    }
  }

  async function revalidate(request: Request): Promise<Revalidated> {
    const response = await open(request, "send");
    const body = await text(response, request);
    if (request.ifNoneMatch !== undefined && response.statusCode === 304) return { changed: false };
    if (!isSuccess(response)) throw refused(config, request, response, body);
    return { changed: true, etag: response.headers.etag, body: body === "" ? undefined : parse(body, request) };
  }

  return {
    async send(request) {
      const answer = await revalidate(request);
      return answer.changed ? answer.body : undefined;
    },
    revalidate,
    async stream(request) {
      const response = await open(request, "stream");
      if (!isSuccess(response)) throw refused(config, request, response, await text(response, request));
      return response;
    },
    awaitedPlugin: () => credentials.awaitedPlugin,
    localAddress: () => localAddress,
    close: () => connections.close(),
  };
}

/** One pool of kept-alive connections for requests, and one for streams, which hold theirs for minutes. */
class Connections {
  private pools: { identity: string; send: https.Agent; stream: https.Agent } | undefined;

  constructor(private readonly config: ClusterConfig) {}

  optionsFor(
    request: Request,
    kind: "send" | "stream",
    options: https.RequestOptions,
    headers: http.OutgoingHttpHeaders,
  ) {
    const url = new URL(this.config.server.replace(/\/+$/, "") + request.path);
    const insecure = url.protocol === "http:";
    const proxied = this.config.kubeConfig.getCurrentCluster()?.proxyUrl !== undefined;
    const pooled = insecure || proxied ? undefined : this.pool(options);
    const complete: https.RequestOptions = {
      ...(pooled === undefined ? options : definedOnly({ auth: options.auth })),
      headers: { ...(options.headers as http.OutgoingHttpHeaders | undefined), ...headers },
      agent: pooled === undefined ? options.agent : pooled[kind],
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port || (insecure ? 80 : 443),
      path: url.pathname + url.search,
      method: request.method,
    };
    return { options: complete, client: insecure ? http : https };
  }

  /** The same pools as long as certificates are the same: exec plugins may renew the client's, a pod is told of new authorities. */
  private pool(options: https.RequestOptions): { send: https.Agent; stream: https.Agent } {
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const identity = [ca, cert, key, pfx].map(String).join("\n");
    if (this.pools?.identity === identity) return this.pools;
    // Made once: without it, Node parses the same authorities and keys anew for each connection.
    const secureContext = createSecureContext(definedOnly({ ca, cert, key, pfx, passphrase }));
    const tls = { secureContext, ...definedOnly({ rejectUnauthorized, servername }) };
    this.pools = {
      identity,
      send: new https.Agent({ ...tls, keepAlive: true, maxSockets: MAX_CONCURRENT }),
      stream: new https.Agent({ ...tls, keepAlive: false }),
    };
    return this.pools;
  }

  close(): void {
    this.pools?.send.destroy();
    this.pools?.stream.destroy();
  }
}

class StaleConnection extends ConnectionError {}

function definedOnly<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function isSuccess(response: IncomingMessage): boolean {
  return response.statusCode !== undefined && response.statusCode >= 200 && response.statusCode < 300;
}

function parse(body: string, request: Request): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new ConnectionError(`${request.method} ${request.path}: the answer is no JSON`, "EPROTO", { cause: error });
  }
}

function timedOut(ms: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`no answer within ${ms / 1000} s`), { code: "ETIMEDOUT" });
}

function unreachable(config: ClusterConfig, error: NodeJS.ErrnoException, signal: AbortSignal | undefined): Error {
  if (signal?.aborted) return abortError(signal);
  const certificate = /certificate|self.signed|unable to verify/i.test(error.message);
  const advice = certificate
    ? "check certificate-authority-data and the server's name in the kubeconfig"
    : "check that the cluster is running and that the kubeconfig names the right server";
  return new ConnectionError(
    `cannot reach the API server ${config.server} (${config.origin}): ${messageOf(error) || String(error.code)}; ${advice}.`,
    error.code ?? "ECONNRESET",
    { cause: error },
  );
}

function refused(config: ClusterConfig, request: Request, response: IncomingMessage, body: string): ApiError {
  const status = withRetryAfter(statusOf(body), response.headers["retry-after"]);
  const http = response.statusCode ?? 0;
  const said = status.message ?? (body.trim().slice(0, 500) || (response.statusMessage ?? ""));
  return new ApiError(words(config, request, http, said), http, status);
}

/** What stands in the header alone, as what rejects a request before the API server has looked at it has it there. */
function withRetryAfter(status: ApiStatus, header: string | undefined): ApiStatus {
  const retryAfterSeconds = Number(header ?? Number.NaN);
  if (status.details?.retryAfterSeconds !== undefined || !(retryAfterSeconds >= 0)) return status;
  return { ...status, details: { ...status.details, retryAfterSeconds } };
}

function words(config: ClusterConfig, request: Request, http: number, said: string): string {
  if (http === 401) {
    return (
      `the API server ${config.server} does not accept the credentials of user "${config.user}" (${config.origin}): ` +
      `401 ${said}. The token or certificate may have expired: log in again, or renew the kubeconfig.`
    );
  }
  const refusal = policyRefusalIn(said);
  if (refusal !== undefined) return `refused by the admission policy ${refusal.policy}: ${refusal.message}`;
  if (http === 403) {
    return `not allowed with ${config.origin}: ${said}.${missingRule(said)}`;
  }
  return `${request.method} ${request.path.split("?")[0] ?? ""} was answered with ${http}: ${said}`;
}

/** What RBAC refused, as the rule that would permit it. Admission policies refuse in words of their own. */
function missingRule(said: string): string {
  const [, verb, resource, group] = /cannot (\S+) resource "([^"]*)" in API group "([^"]*)"/.exec(said) ?? [];
  if (verb === undefined) return "";
  const rule = `apiGroups ["${group ?? ""}"], resources ["${resource ?? ""}"], verbs ["${verb}"]`;
  return ` Ask for a role that permits it, by a rule with ${rule}.`;
}

function statusOf(body: string): ApiStatus {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
