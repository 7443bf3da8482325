import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeClient } from "../../../kube/client.js";

/** An API server that answers with what a test says, for answers that the real one cannot be made to give. */
export class PlainServer {
  private constructor(
    private readonly server: Server,
    readonly client: KubeClient,
    readonly kubeconfig: string,
  ) {}

  static async start(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<PlainServer> {
    const server = createServer((request, response) => {
      response.setHeader("Content-Type", "application/json");
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const kubeconfig = JSON.stringify({
      clusters: [{ name: "plain", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
      users: [{ name: "plain", user: {} }],
      contexts: [{ name: "plain", context: { cluster: "plain", user: "plain" } }],
      "current-context": "plain",
    });
    return new PlainServer(server, KubeClient.open({ kubeconfig }), kubeconfig);
  }

  stop(): void {
    this.client.close();
    this.server.closeAllConnections();
    this.server.close();
  }
}
