import { createServer, type Server } from "node:net";
import { serveCalls } from "../remote/serve.js";
import type { SimulatedNode } from "./node.js";

/** Serves `node` at a unix socket to any number of clients. Resolves once it listens. */
export async function serve(node: SimulatedNode, socketPath: string): Promise<Server> {
  const server = createServer((socket) => serveCalls(node, socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  return server;
}
