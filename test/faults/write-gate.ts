import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";

/** A write as the API server gets it. */
export interface Write {
  /** Of the kind: `sriovnetworkdevices`. */
  readonly plural: string;
  readonly name: string;
  readonly how: "create" | "apply" | "merge" | "json-patch" | "update" | "delete";
  readonly subresource: string | undefined;
}

/**
 * A way to the API server that closes with a write: what is aimed at is carried out, and whoever sent it never hears of it.
 * Leases and events are let through and not counted.
 */
export class WriteGate {
  /** All that came through since it was last opened. */
  readonly writes: Write[] = [];
  /** Of these, what the API server has not refused. */
  readonly accepted: Write[] = [];
  private aim: { readonly hits: (write: Write) => boolean; readonly hit: (write: Write) => void } | undefined;
  private closed = false;
  private readonly held = new Set<ServerResponse>();

  private constructor(
    private readonly listener: Server,
    private readonly server: string,
    private readonly agent: Agent,
  ) {}

  /** @param server such as `https://127.0.0.1:6443` */
  static async to(server: string, caPem: string): Promise<WriteGate> {
    const listener = createServer((incoming, outgoing) => gate.pass(incoming, outgoing));
    const gate = new WriteGate(listener, server, new Agent({ ca: caPem, keepAlive: true }));
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    return gate;
  }

  /** A kubeconfig's text for the same user by way of the gate. */
  kubeconfig(direct: string): string {
    const server = `http://127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
    const config = JSON.parse(direct) as { readonly clusters: readonly { readonly name: string }[] };
    const clusters = config.clusters.map(({ name }) => ({
      name,
      // What a client needs to be told before it speaks plain HTTP, which does not leave the machine here.
      cluster: { server, "insecure-skip-tls-verify": true },
    }));
    return JSON.stringify({ ...config, clusters });
  }

  /** Lets everything through, and forgets its aim. What it held is cut off. */
  open(): void {
    this.closed = false;
    for (const outgoing of this.held) outgoing.destroy();
    this.held.clear();
    this.aim = undefined;
    this.writes.length = 0;
    this.accepted.length = 0;
  }

  /** Closes with the first write from now on that `hits`. Resolves with it when the API server has answered. */
  closesWith(hits: (write: Write) => boolean): Promise<Write> {
    this.open();
    return new Promise((hit) => (this.aim = { hits, hit }));
  }

  close(): void {
    this.listener.closeAllConnections();
    this.listener.close();
    this.agent.destroy();
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const write = writeOf(incoming);
    outgoing.on("error", () => undefined);
    // Neither read nor written: it hangs until its sender is gone.
    if (this.closed) {
      this.held.add(outgoing);
      return;
    }
    const { aim } = this;
    const isHit = write !== undefined && aim?.hits(write) === true;
    if (write !== undefined) this.writes.push(write);
    if (isHit) this.closed = true;
    const { method = "GET", url = "/", headers } = incoming;
    const forwarded = request(`${this.server}${url}`, { method, headers, agent: this.agent }, (answer) => {
      if (write !== undefined && (answer.statusCode ?? 500) < 300) this.accepted.push(write);
      if (isHit) {
        this.held.add(outgoing);
        answer.resume();
        answer.on("end", () => aim.hit(write));
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => {
      if (!isHit) forwarded.destroy();
    });
    incoming.pipe(forwarded);
  }
}

const NOT_COUNTED = new Set(["leases", "events"]);
const PATCHES: Readonly<Record<string, Write["how"]>> = {
  "application/apply-patch+yaml": "apply",
  "application/merge-patch+json": "merge",
  "application/json-patch+json": "json-patch",
};

function writeOf({ method, url = "/", headers }: IncomingMessage): Write | undefined {
  const { pathname } = new URL(url, "http://api");
  // /apis/GROUP/VERSION[/namespaces/NAMESPACE]/PLURAL/NAME[/SUBRESOURCE]
  const [, plural = "", name = "", subresource] =
    /^\/api(?:s\/[^/]+)?\/[^/]+(?:\/namespaces\/[^/]+)?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(pathname) ?? [];
  const how = howOf(method, headers["content-type"]);
  return how === undefined || NOT_COUNTED.has(plural) ? undefined : { plural, name, how, subresource };
}

function howOf(method = "GET", contentType = ""): Write["how"] | undefined {
  switch (method) {
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "DELETE":
      return "delete";
    case "PATCH":
      return PATCHES[contentType.split(";")[0] ?? ""];
    default:
      return undefined;
  }
}
