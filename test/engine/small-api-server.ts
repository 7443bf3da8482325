import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Json = Record<string, unknown>;

/**
 * As much of an API server as tells whether the right requests are made: discovery of a few kinds, and create, apply, replace,
 * read and delete of their objects. Whether they mean to a real API server what they should is for the end-to-end tests.
 */
export class SmallApiServer {
  readonly requests: string[] = [];
  readonly objects = new Map<string, Json>();
  /** Objects of this path answer a delete, but are there for as many more reads. */
  lingering = { path: "", reads: 0 };
  /** Paths that answer a write with this conflict. */
  conflict: { path: string; message: string } | undefined;
  /** Is told of each read of an object, before it is answered. */
  onRead: (path: string) => void = () => undefined;
  /** The kind `Widget` is served. */
  widgets = false;

  private constructor(private readonly server: Server) {
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        const [status, answer] = this.answer(request, body === "" ? {} : (JSON.parse(body) as Json));
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

  private answer({ method = "", url = "", headers }: IncomingMessage, body: Json): [number, Json] {
    const { pathname, searchParams } = new URL(url, "http://small");
    const group = groups[pathname];
    if (group) return group === widgetKinds && !this.widgets ? missing : [200, discovery(pathname, group)];
    const [dryRun, manager] = [searchParams.has("dryRun"), searchParams.get("fieldManager")];
    const merges = headers["content-type"] === "application/merge-patch+json";
    const how = [
      merges ? "merge" : manager?.replace(/-[0-9a-f]{8}$/, "-…"),
      searchParams.get("force") === "true" && "force",
    ];
    this.requests.push([method, pathname, ...how, dryRun && "dry run"].filter(Boolean).join(" "));
    if (method === "POST") return this.create(`${pathname}/${nameOf(body)}`, body, dryRun);
    const known = this.objects.get(pathname);
    if (method === "PATCH" || method === "PUT") return this.write(pathname, body, known, dryRun);
    if (method === "GET") this.onRead(pathname);
    if (/\/(replicasets|pods)$/.test(pathname)) return [200, { items: this.below(pathname) }];
    if (!known) return missing;
    if (method === "DELETE") {
      if (this.lingering.path !== pathname) this.objects.delete(pathname);
      return [200, status(200, "deleted")];
    }
    if (this.lingering.path === pathname && this.lingering.reads-- <= 0) this.objects.delete(pathname);
    return [200, this.objects.get(pathname) ?? known];
  }

  private create(path: string, object: Json, dryRun: boolean): [number, Json] {
    if (this.objects.has(path)) return [409, status(409, `${nameOf(object)} already exists`)];
    return this.write(path, object, undefined, dryRun);
  }

  private write(path: string, object: Json, known: Json | undefined, dryRun: boolean): [number, Json] {
    if (this.conflict?.path === path) return [409, status(409, this.conflict.message)];
    const metadata = {
      uid: `uid-${this.objects.size}`,
      ...(known?.["metadata"] as Json),
      ...(object["metadata"] as Json),
    };
    const live = { ...known, ...object, metadata };
    if (!dryRun) this.objects.set(path, live);
    return [known ? 200 : 201, live];
  }

  private below(path: string): Json[] {
    return [...this.objects].filter(([key]) => key.startsWith(`${path}/`)).map(([, object]) => object);
  }
}

function nameOf(object: Json): string {
  return String((object["metadata"] as Json)["name"]);
}

const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];
const clusterKinds = ["Namespace", "CustomResourceDefinition"];
const widgetKinds = ["Widget"];
const groups: Record<string, string[]> = {
  "/api/v1": ["Namespace", "ConfigMap", "Pod", "Secret"],
  "/apis/apps/v1": ["DaemonSet", "Deployment", "ReplicaSet"],
  "/apis/apiextensions.k8s.io/v1": ["CustomResourceDefinition"],
  "/apis/example.com/v1": widgetKinds,
};

function discovery(path: string, kinds: string[]): Json {
  const resources = kinds.map((kind) => {
    const namespaced = !clusterKinds.includes(kind);
    return { name: `${kind.toLowerCase()}s`, singularName: "", namespaced, kind, verbs };
  });
  return { kind: "APIResourceList", groupVersion: path.replace(/^\/apis?\//, ""), resources };
}

function status(code: number, message: string): Json {
  return { kind: "Status", apiVersion: "v1", status: code < 300 ? "Success" : "Failure", message, code };
}

const missing: [number, Json] = [404, status(404, "not found")];
