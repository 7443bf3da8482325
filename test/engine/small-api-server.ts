import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Json = Record<string, unknown>;

/**
 * As much of an API server as tells whether the right requests are made: discovery of the core group, and apply, read and
 * delete of its objects. Whether they mean to a real API server what they should is for the end-to-end tests.
 */
export class SmallApiServer {
  readonly requests: string[] = [];
  readonly objects = new Map<string, Json>();
  /** Objects of this path answer a delete, but are there for as many more reads. */
  lingering = { path: "", reads: 0 };
  /** Paths that answer with this conflict. */
  conflict: { path: string; message: string } | undefined;

  private constructor(private readonly server: Server) {
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        const [status, answer] = this.answer(request.method ?? "", request.url ?? "", body);
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
      });
    });
  }

  static async start(): Promise<SmallApiServer> {
    const server = createServer();
    const api = new SmallApiServer(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  get kubeconfig(): string {
    const { port } = this.server.address() as AddressInfo;
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "small", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
      users: [{ name: "me", user: { token: "t0ken" } }],
      contexts: [{ name: "small", context: { cluster: "small", user: "me" } }],
      "current-context": "small",
    });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(method: string, url: string, body: string): [number, Json] {
    const { pathname, searchParams } = new URL(url, "http://small");
    if (pathname === "/api/v1") return [200, discovery];
    const manager = searchParams.get("fieldManager");
    this.requests.push([method, pathname, ...(manager === null ? [] : [manager.replace(/-[^-]*$/, "-…")])].join(" "));
    const known = this.objects.get(pathname);
    if (method === "PATCH") return this.apply(pathname, JSON.parse(body) as Json, known);
    if (!known) return [404, status(404, "not found")];
    if (method === "DELETE") {
      if (this.lingering.path !== pathname) this.objects.delete(pathname);
      return [200, status(200, "deleted")];
    }
    if (this.lingering.path === pathname && this.lingering.reads-- <= 0) this.objects.delete(pathname);
    return [200, known];
  }

  private apply(path: string, object: Json, known: Json | undefined): [number, Json] {
    if (this.conflict?.path === path) return [409, status(409, this.conflict.message)];
    const metadata = {
      uid: `uid-${this.objects.size}`,
      ...(known?.["metadata"] as Json),
      ...(object["metadata"] as Json),
    };
    const live = { ...object, metadata };
    this.objects.set(path, live);
    return [known ? 200 : 201, live];
  }
}

const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];

const discovery = {
  kind: "APIResourceList",
  groupVersion: "v1",
  resources: [
    { name: "namespaces", singularName: "", namespaced: false, kind: "Namespace", verbs },
    { name: "configmaps", singularName: "", namespaced: true, kind: "ConfigMap", verbs },
    { name: "pods", singularName: "", namespaced: true, kind: "Pod", verbs },
    { name: "secrets", singularName: "", namespaced: true, kind: "Secret", verbs },
  ],
};

function status(code: number, message: string): Json {
  return { kind: "Status", apiVersion: "v1", status: code < 300 ? "Success" : "Failure", message, code };
}
