import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { messageOf } from "../../kube/errors.js";
import type { ListenAddress } from "./flags.js";

export interface LastingServerParts {
  /** What is served, for the log: `health and metrics`. */
  readonly what: string;
  /** By which the address was given, for the log: `--listen`. */
  readonly flag: string;
  readonly log: Logger;
  /** Pause before it is tried again to listen where that failed. Default 10,000. */
  readonly retryMs?: number | undefined;
}

/**
 * A server that comes to listen sooner or later. Where it cannot, because another process has the port, the process's work
 * goes on without: VFs matter more than what is told of them. It says so, and tries again.
 */
export class LastingServer {
  private retry: NodeJS.Timeout | undefined;
  private told = false;

  constructor(
    private readonly server: Server,
    private readonly address: ListenAddress,
    private readonly parts: LastingServerParts,
  ) {
    server.on("error", (error) => this.failed(error));
    server.on("listening", () => {
      const { address, port } = server.address() as AddressInfo;
      parts.log.info({ address, port }, `${parts.what} are served`);
    });
  }

  listen(): void {
    const { host, port } = this.address;
    // Of every address Node itself knows best: it takes 0.0.0.0 where the kernel has no IPv6.
    this.server.listen(port, host === "::" ? undefined : host);
  }

  close(): void {
    clearTimeout(this.retry);
    this.server.close();
    this.server.closeAllConnections();
  }

  private failed(error: Error): void {
    const { what, flag, log, retryMs = 10_000 } = this.parts;
    if (this.server.listening) {
      // Of one connection that could not be taken, for want of file descriptors, say: it listens on, and must not be told to.
      log.warn({ err: error }, `${what}: a connection was not taken: ${messageOf(error)}`);
      return;
    }
    const { host, port } = this.address;
    const advice = `${what} are not served meanwhile; choose another address by ${flag}, or off`;
    if (!this.told) log.error({ err: error }, `cannot listen on ${host}:${port}: ${messageOf(error)}. ${advice}.`);
    this.told = true;
    this.retry = setTimeout(() => this.listen(), retryMs).unref();
  }
}
