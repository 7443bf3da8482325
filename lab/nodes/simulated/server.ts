import { createServer, type Server, type Socket } from "node:net";
import type { SimulatedNode } from "./node.js";
import { encodeError, onMessage, send, type Method, type Request, type Response } from "./protocol.js";

/** Serves `node` at a unix socket to any number of clients. Resolves once it listens. */
export async function serve(node: SimulatedNode, socketPath: string): Promise<Server> {
  const server = createServer((socket) => serveClient(node, socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  return server;
}

function serveClient(node: SimulatedNode, socket: Socket): void {
  // A client that is killed takes its answers with it; what it wrote goes on, as it does in hardware.
  socket.on("error", () => socket.destroy());
  onMessage(socket, (message) => {
    void answer(node, message as Request).then((response) => {
      if (socket.writable) send(socket, response);
    });
  });
}

async function answer(node: SimulatedNode, { id, method, params }: Request): Promise<Response> {
  try {
    return { id, result: await call(node, method, params) };
  } catch (error) {
    return { id, error: encodeError(error) };
  }
}

async function call(node: SimulatedNode, method: Method, params: readonly unknown[]): Promise<unknown> {
  if (!Object.hasOwn(Object.getPrototypeOf(node) as object, method)) throw new Error(`no such method: ${method}`);
  const run = Reflect.get(node, method) as (...params: readonly unknown[]) => Promise<unknown>;
  // JSON has no undefined and says null.
  return run.apply(
    node,
    params.map((param) => param ?? undefined),
  );
}
