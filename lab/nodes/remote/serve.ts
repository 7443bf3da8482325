import type { Socket } from "node:net";
import { onMessage, send, type Request, type Response } from "./protocol.js";

/** Lets the other end of `socket` call the methods of `target`'s class, any number at once. */
export function serveCalls(target: object, socket: Socket): void {
  // A caller that is killed takes its answers with it; what it called goes on, as it does in hardware.
  socket.on("error", () => socket.destroy());
  onMessage(socket, (message) => {
    void answer(target, message as Request).then((response) => {
      if (socket.writable) send(socket, response);
    });
  });
}

async function answer(target: object, { id, method, params }: Request): Promise<Response> {
  try {
    return { id, result: await call(target, method, params) };
  } catch (error) {
    return { id, error };
  }
}

async function call(target: object, method: string, params: readonly unknown[]): Promise<unknown> {
  const methods = Object.getPrototypeOf(target) as object;
  if (method === "constructor" || !Object.hasOwn(methods, method)) throw new Error(`no such method: ${method}`);
  const run = Reflect.get(target, method) as (...params: readonly unknown[]) => Promise<unknown>;
  return run.apply(target, [...params]);
}
